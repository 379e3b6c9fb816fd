import type { Framework, PackageManager } from '../answers/answers.ts';

/**
 * The exact version of every package that a generated project depends on. All of them run on Node 20.19 and need no
 * install script; a test holds them against the registry.
 */
export const VERSIONS = {
  '@eslint/js': '10.0.1',
  '@hono/node-server': '2.1.9',
  '@types/express': '5.0.6',
  '@types/node': '20.19.43',
  eslint: '10.15.0',
  express: '5.3.0',
  fastify: '5.12.8',
  hono: '4.13.19',
  kysely: '0.28.18',
  libsql: '0.5.29',
  // The newest release whose `cookie` runs on Node 20. Fastify uses it too, and takes this one.
  'light-my-request': '6.6.0',
  nodemon: '3.1.14',
  pino: '10.4.0',
  'ts-blank-space': '0.9.0',
  typescript: '6.0.3',
  'typescript-eslint': '8.73.0',
  vitest: '4.1.12',
  zod: '4.6.7',
} as const;

/**
 * The package manager of a project whose maker's is not known. All of them run on Node 20.19. Yarn is the one that
 * `npm install --global yarn` brings, as it refuses projects of any other; pnpm is one that every Corepack can start.
 */
export const PACKAGE_MANAGER_VERSIONS: Record<PackageManager, string> = {
  npm: '11.19.1',
  pnpm: '10.34.8',
  yarn: '1.22.22',
  bun: '1.4.5',
};

/** What a dependency's dependency is held at, for Yarn, which does not take the version of the project's own. */
export const RESOLUTIONS: Partial<Record<Framework, readonly Dependency[]>> = {
  fastify: ['light-my-request'],
};

export type Dependency = keyof typeof VERSIONS;
