import type { Answers, EndpointAnswer, Framework } from '../answers/answers.ts';
import { moreSpecificFirst, sortedByName } from '../answers/endpoints.ts';
import { quote } from '../text.ts';
import { isBerry, wordsOf, type PackageManagerWords } from './package-manager.ts';
import { apiRequest, setPermissions } from '../tsuru/api.ts';
import { exportedName, importedNames, operationIds } from './handlers.ts';
import { PACKAGE_MANAGER_VERSIONS, RESOLUTIONS, VERSIONS, type Dependency } from './versions.ts';

interface DependencyLine {
  name: string;
  version: string;
  /** No comma follows the last one in package.json. */
  last: boolean;
}

/** A path of the OpenAPI document, with the endpoints that share it. */
interface OpenapiPath {
  openapiPath: string;
  /** What the path calls the instance; `instance` unless the endpoint has a parameter of that name. */
  instance: string;
  /** Whether it is the parameter that the paths share. */
  sharesInstance: boolean;
  parameters: string[];
  operations: NamedEndpoint[];
}

interface EndpointContext extends EndpointAnswer {
  /** The handler's name in its own file. */
  handler: string;
  /** The description without blanks that linters refuse in a comment. */
  comment: string;
  /** The path as the web frameworks write it: `/backups/:id`. */
  route: string;
  /** The names of the path's parameters. */
  parameters: string[];
  /** A request target that the endpoint takes, for the instance `db1`. */
  samplePath: string;
  /** The method in lower case. */
  verb: string;
}

/** An endpoint beside the others of its service. */
interface NamedEndpoint extends EndpointContext {
  /** The handler's name in the module that imports all of them. */
  imported: string;
  operationId: string;
}

/** What the templates are filled with: the answers, and what follows from them. */
export interface TemplateContext extends Omit<Answers, 'endpoints'> {
  endpoints: NamedEndpoint[];
  /** The endpoints in the order in which a router has to try them. */
  routes: NamedEndpoint[];
  openapiPaths: OpenapiPath[];
  generatorVersion: string;
  packageDescription: string;
  frameworkTitle: string;
  background: boolean;
  isJson: boolean;
  isExpress: boolean;
  isFastify: boolean;
  isHono: boolean;
  isNpm: boolean;
  isPnpm: boolean;
  isYarn: boolean;
  isBun: boolean;
  isYarnBerry: boolean;
  pm: PackageManagerWords;
  /** The package manager as package.json names it: `pnpm@10.34.8`. */
  packageManagerPin: string;
  /** Whether Node's Corepack brings it. */
  hasCorepack: boolean;
  /** The version of Bun's image; `''` without Bun. */
  bunVersion: string;
  /** Versions that Yarn has to be told for dependencies of dependencies; the other ones take those of the project. */
  resolutions: DependencyLine[];
  dependencies: DependencyLine[];
  devDependencies: DependencyLine[];
  /** Where the service listens while it is developed. */
  port: number;
  /** What stands before `/resources` in the endpoint; `''` for nothing. */
  basePath: string;
  /** The first plan, for a shell. */
  planArgument: string;
  /** What the blank backend's variables begin with: `MY_SERVICE_`. */
  variablePrefix: string;
  /** The request that sets the permissions in Tsuru, for a shell. */
  setPermissions: string;
  /** The beginning of the request that registers the service, for a shell. */
  registerRequest: string;
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

const TITLES: Record<Framework, string> = { express: 'Express', fastify: 'Fastify', hono: 'Hono' };

/** Derives the templates' context. Pure: the same answers give the same context. */
export function contextOf(answers: Answers, generatorVersion: string): TemplateContext {
  const { framework, packageManager, name } = answers;
  const endpoint = new URL(answers.endpoint);
  const endpoints = namedEndpoints(answers.endpoints);
  const pin = pinOf(answers);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(endpoint.hostname);
  return {
    ...answers,
    endpoints,
    routes: moreSpecificFirst(endpoints),
    openapiPaths: openapiPaths(endpoints),
    planArgument: quote(answers.plans[0]?.name ?? ''),
    generatorVersion,
    packageDescription: `${name}: a Tsuru service API`,
    frameworkTitle: TITLES[framework],
    background: answers.provisioning === 'background',
    isJson: answers.encoding === 'json',
    isExpress: framework === 'express',
    isFastify: framework === 'fastify',
    isHono: framework === 'hono',
    isNpm: packageManager === 'npm',
    isPnpm: packageManager === 'pnpm',
    isYarn: packageManager === 'yarn',
    isBun: packageManager === 'bun',
    isYarnBerry: isBerry(pin),
    pm: wordsOf(packageManager, pin),
    packageManagerPin: pin,
    hasCorepack: packageManager === 'pnpm' || packageManager === 'yarn',
    bunVersion: packageManager === 'bun' ? pin.slice('bun@'.length) : '',
    resolutions: packageManager === 'yarn' ? lines(RESOLUTIONS[framework] ?? []) : [],
    dependencies: lines(['kysely', 'libsql', 'pino', 'zod', ...RUNTIME[framework]]),
    devDependencies: lines([
      '@eslint/js',
      '@types/node',
      'eslint',
      'nodemon',
      'ts-blank-space',
      'typescript',
      'typescript-eslint',
      'vitest',
      ...DEVELOPMENT[framework],
    ]),
    port: isLocal && endpoint.port !== '' ? Number(endpoint.port) : 8888,
    basePath: endpoint.pathname.replace(/\/$/, ''),
    variablePrefix: `${name.toUpperCase().replaceAll('-', '_')}_`,
    setPermissions: setPermissions(name),
    registerRequest: apiRequest('POST', '/1.0/services'),
  };
}

/** What ESLint's no-irregular-whitespace refuses in a comment, and signs that change the direction of the text around them. */
const IRREGULAR = /[\p{Z}\u180e\u200b\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** The package manager with its exact version: the one of the answers, if it is of that package manager. */
function pinOf({ packageManager, packageManagerVersion }: Answers): string {
  const isIts = packageManagerVersion.startsWith(`${packageManager}@`);
  return isIts ? packageManagerVersion : `${packageManager}@${PACKAGE_MANAGER_VERSIONS[packageManager]}`;
}

/** Derives what the templates of one endpoint need. */
export function endpointContext(endpoint: EndpointAnswer): EndpointContext {
  return {
    ...endpoint,
    handler: exportedName(endpoint.name),
    comment: endpoint.description.replace(IRREGULAR, ' '),
    route: endpoint.path.replace(/\{(\w+)\}/g, ':$1'),
    parameters: [...endpoint.path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter ?? ''),
    samplePath: `/resources/db1${endpoint.path.replace(/\{\w+\}/g, 'x')}`,
    verb: endpoint.method.toLowerCase(),
  };
}

function namedEndpoints(answers: readonly EndpointAnswer[]): NamedEndpoint[] {
  const names = answers.map(({ name }) => name);
  const [imported, ids] = [importedNames(names), operationIds(names)];
  return sortedByName(answers).map((endpoint) => ({
    ...endpointContext(endpoint),
    imported: imported.get(endpoint.name) ?? '',
    operationId: ids.get(endpoint.name) ?? '',
  }));
}

function openapiPaths(endpoints: readonly NamedEndpoint[]): OpenapiPath[] {
  const paths = [...new Set(endpoints.map(({ path }) => path))];
  return paths.map((path) => {
    const operations = endpoints.filter((endpoint) => endpoint.path === path);
    const parameters = operations[0]?.parameters ?? [];
    let instance = 'instance';
    while (parameters.includes(instance)) instance = `service_${instance}`;
    const sharesInstance = instance === 'instance';
    return { openapiPath: `/resources/{${instance}}${path}`, instance, sharesInstance, parameters, operations };
  });
}

function lines(names: readonly Dependency[]): DependencyLine[] {
  const sorted = names.toSorted((a, b) => (a < b ? -1 : 1));
  return sorted.map((name, index) => ({ name, version: VERSIONS[name], last: index === sorted.length - 1 }));
}
