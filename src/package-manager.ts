import { PACKAGE_MANAGERS, type PackageManager } from './answers.ts';

/** How a package manager says things: whole commands, except `run`, `exec` and `create`, which something follows. */
export interface PackageManagerWords {
  name: PackageManager;
  install: string;
  /** Installs what the service needs to run, and nothing for its development. */
  installProduction: string;
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
    name: 'npm',
    install: 'npm install',
    installProduction: 'npm install --omit=dev',
    run: 'npm run',
    test: 'npm test',
    start: 'npm start',
    exec: 'npx',
    lockfile: 'package-lock.json',
  },
  pnpm: {
    name: 'pnpm',
    install: 'pnpm install',
    installProduction: 'pnpm install --prod',
    run: 'pnpm run',
    test: 'pnpm test',
    start: 'pnpm start',
    exec: 'pnpm exec',
    lockfile: 'pnpm-lock.yaml',
  },
  yarn: {
    name: 'yarn',
    install: 'yarn install',
    installProduction: 'yarn install --production',
    run: 'yarn run',
    test: 'yarn test',
    start: 'yarn start',
    exec: 'yarn exec',
    lockfile: 'yarn.lock',
  },
  bun: {
    name: 'bun',
    install: 'bun install',
    installProduction: 'bun install --production',
    run: 'bun run',
    test: 'bun run test',
    start: 'bun run start',
    exec: 'bunx',
    lockfile: 'bun.lock',
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
