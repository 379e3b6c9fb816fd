import { PACKAGE_MANAGERS, type PackageManager } from '../answers/answers.ts';

/** The commands of a package manager: complete, except `run`, `exec` and `create`, which take an argument. */
export interface PackageManagerWords {
  name: PackageManager;
  install: string;
  /** Installs from the lock file, and fails if it does not match package.json. */
  installFrozen: string;
  /** Like `installFrozen`, without development dependencies. */
  installProduction: string;
  /** Writes the lock file, also in CI, and runs no script: of no dependency, nor of the project. */
  lock: string;
  /** Followed by the name of a script. */
  run: string;
  test: string;
  start: string;
  /** Followed by the command of a dependency. */
  exec: string;
  lockfile: string;
}

const WORDS: Record<PackageManager, PackageManagerWords> = {
  npm: {
    name: 'npm',
    install: 'npm install',
    installFrozen: 'npm ci',
    installProduction: 'npm ci --omit=dev',
    lock: 'npm install --package-lock-only --ignore-scripts',
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
    lock: 'pnpm install --lockfile-only --no-frozen-lockfile --ignore-scripts',
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
    lock: 'yarn install --ignore-scripts',
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
    lock: 'bun install --lockfile-only --ignore-scripts',
    run: 'bun run',
    test: 'bun run test',
    start: 'bun run start',
    exec: 'bunx',
    lockfile: 'bun.lock',
  },
};

/** The differences since Yarn 2; before Yarn 4, a production installation needs a plugin. */
const YARN_BERRY = {
  installFrozen: 'yarn install --immutable',
  installProduction: 'yarn workspaces focus --production',
  lock: 'yarn install --no-immutable',
};
const FOCUS_PLUGIN = 'yarn plugin import workspace-tools';

/** @param pin the exact version, such as `yarn@4.9.1`; it matters only for Yarn */
export function wordsOf(packageManager: PackageManager, pin = ''): PackageManagerWords {
  const words = WORDS[packageManager];
  if (packageManager !== 'yarn' || !isBerry(pin)) return words;
  const { installFrozen, installProduction, lock } = YARN_BERRY;
  const plugin = /^yarn@[23]\./.test(pin) ? `${FOCUS_PLUGIN} && ` : '';
  const mode = /^yarn@2\./.test(pin) ? '--skip-builds' : '--mode=update-lockfile';
  return { ...words, installFrozen, installProduction: plugin + installProduction, lock: `${lock} ${mode}` };
}

/** Whether it is Yarn 2 or later, which differs greatly from Yarn 1. */
export function isBerry(pin: string): boolean {
  return /^yarn@(?![01]\.)/.test(pin);
}

/** The package manager that started this program, from `npm_config_user_agent`; npm by default. */
export function startedBy(environment: NodeJS.ProcessEnv): PackageManager {
  const name = environment['npm_config_user_agent']?.split('/', 1)[0];
  return PACKAGE_MANAGERS.find((known) => known === name) ?? 'npm';
}

/**
 * The exact version of the package manager that started this program, in the notation of package.json: `yarn@4.9.1`.
 * Undefined for npm, which comes with Node: the newest npm does not run on the oldest supported Node.
 */
export function versionStartedBy(environment: NodeJS.ProcessEnv): string | undefined {
  const agent = environment['npm_config_user_agent'] ?? '';
  const found = /^(pnpm|yarn|bun)\/(\d+\.\d+\.\d+(?:-[\w.-]+)?)/.exec(agent);
  return found ? `${String(found[1])}@${String(found[2])}` : undefined;
}

/** The start of the command that repeats a run, up to the directory; options follow. */
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
