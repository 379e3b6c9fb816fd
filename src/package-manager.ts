import { PACKAGE_MANAGERS, type PackageManager } from './answers.ts';

/** How a package manager says things: whole commands, except `run`, `exec` and `create`, which something follows. */
export interface PackageManagerWords {
  name: PackageManager;
  install: string;
  /** Installs exactly what the lock file says. */
  ci: string;
  ciProduction: string;
  /** Put a script's name behind it. */
  run: string;
  test: string;
  start: string;
  /** Put a command of a dependency behind it. */
  exec: string;
  lockfile: string;
}

const WORDS: Record<PackageManager, PackageManagerWords> = {
  npm: {
    name: 'npm', install: 'npm install', ci: 'npm ci', ciProduction: 'npm ci --omit=dev', run: 'npm run', test: 'npm test',
    start: 'npm start', exec: 'npx', lockfile: 'package-lock.json',
  },
  pnpm: {
    name: 'pnpm', install: 'pnpm install', ci: 'pnpm install --frozen-lockfile', ciProduction: 'pnpm install --frozen-lockfile --prod',
    run: 'pnpm run', test: 'pnpm test', start: 'pnpm start', exec: 'pnpm exec', lockfile: 'pnpm-lock.yaml',
  },
  yarn: {
    name: 'yarn', install: 'yarn install', ci: 'yarn install --frozen-lockfile',
    ciProduction: 'yarn install --frozen-lockfile --production', run: 'yarn run', test: 'yarn test', start: 'yarn start',
    exec: 'yarn exec', lockfile: 'yarn.lock',
  },
  bun: {
    name: 'bun', install: 'bun install', ci: 'bun install --frozen-lockfile', ciProduction: 'bun install --frozen-lockfile --production',
    run: 'bun run', test: 'bun run test', start: 'bun run start', exec: 'bunx', lockfile: 'bun.lock',
  },
};

export function wordsOf(packageManager: PackageManager): PackageManagerWords {
  return WORDS[packageManager];
}

/** The package manager that started this program, by the user agent that each of them sets; npm when there is none. */
export function startedBy(environment: NodeJS.ProcessEnv): PackageManager {
  const name = environment['npm_config_user_agent']?.split('/', 1)[0];
  return PACKAGE_MANAGERS.find((known) => known === name) ?? 'npm';
}

/** The beginning of the command that runs this program again, up to the directory; options go behind it. */
export function createCommand(packageManager: PackageManager, directory: string): string {
  switch (packageManager) {
    case 'npm':
      return `npm create tsuru-service@latest ${directory} --`;
    case 'pnpm':
      return `pnpm create tsuru-service@latest ${directory}`;
    case 'yarn':
      return `yarn create tsuru-service ${directory}`;
    case 'bun':
      return `bun create tsuru-service@latest ${directory}`;
  }
}
