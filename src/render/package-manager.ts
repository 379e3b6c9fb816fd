import { PACKAGE_MANAGERS, type PackageManager } from '../answers/answers.ts';

/** How a package manager says things: whole commands, except `run`, `exec` and `create`, which something follows. */
export interface PackageManagerWords {
  name: PackageManager;
  install: string;
  /** Installs what the lock file says, and fails where that does not fit package.json. */
  installFrozen: string;
  /** The same, of what the service needs to run and nothing for its development. */
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
    installFrozen: 'npm ci',
    installProduction: 'npm ci --omit=dev',
    run: 'npm run',
    test: 'npm test',
    start: 'npm start',
    exec: 'npx',
    lockfile: 'package-lock.json',
  },
  pnpm: {
    name: 'pnpm',
    install: 'pnpm install',
    installFrozen: 'pnpm install --frozen-lockfile',
    installProduction: 'pnpm install --prod --frozen-lockfile',
    run: 'pnpm run',
    test: 'pnpm test',
    start: 'pnpm start',
    exec: 'pnpm exec',
    lockfile: 'pnpm-lock.yaml',
  },
  yarn: {
    name: 'yarn',
    install: 'yarn install',
    installFrozen: 'yarn install --frozen-lockfile',
    installProduction: 'yarn install --production --frozen-lockfile',
    run: 'yarn run',
    test: 'yarn test',
    start: 'yarn start',
    exec: 'yarn exec',
    lockfile: 'yarn.lock',
  },
  bun: {
    name: 'bun',
    install: 'bun install',
    installFrozen: 'bun install --frozen-lockfile',
    installProduction: 'bun install --production --frozen-lockfile',
    run: 'bun run',
    test: 'bun run test',
    start: 'bun run start',
    exec: 'bunx',
    lockfile: 'bun.lock',
  },
};

/** What is different since Yarn 2; until Yarn 3 an installation for production is a plugin. */
const YARN_BERRY = {
  installFrozen: 'yarn install --immutable',
  installProduction: 'yarn workspaces focus --production',
};
const FOCUS_PLUGIN = 'yarn plugin import workspace-tools';

/** @param pin its exact version, as in `yarn@4.9.1`, where that makes a difference */
export function wordsOf(packageManager: PackageManager, pin = ''): PackageManagerWords {
  const words = WORDS[packageManager];
  if (packageManager !== 'yarn' || !isBerry(pin)) return words;
  const { installFrozen, installProduction } = YARN_BERRY;
  const plugin = /^yarn@[23]\./.test(pin) ? `${FOCUS_PLUGIN} && ` : '';
  return { ...words, installFrozen, installProduction: plugin + installProduction };
}

/** Whether it is a Yarn of the second line, which shares little but the name with Yarn 1. */
export function isBerry(pin: string): boolean {
  return /^yarn@(?![01]\.)/.test(pin);
}

/** The package manager that started this program, by the user agent that each of them sets; npm when there is none. */
export function startedBy(environment: NodeJS.ProcessEnv): PackageManager {
  const name = environment['npm_config_user_agent']?.split('/', 1)[0];
  return PACKAGE_MANAGERS.find((known) => known === name) ?? 'npm';
}

/**
 * The exact version of the package manager that started this program, as package.json names it: `yarn@4.9.1`. None of
 * npm's: that comes with Node, and the newest does not run on the oldest Node that a project runs on.
 */
export function versionStartedBy(environment: NodeJS.ProcessEnv): string | undefined {
  const agent = environment['npm_config_user_agent'] ?? '';
  const found = /^(pnpm|yarn|bun)\/(\d+\.\d+\.\d+(?:-[\w.-]+)?)/.exec(agent);
  return found ? `${String(found[1])}@${String(found[2])}` : undefined;
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
