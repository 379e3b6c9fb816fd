import { METHODS, type Answers, type ENDPOINT_SCOPES, type EndpointAnswer } from './answers.ts';

/** Paths that Tsuru reserves, by their first segment, and `status`, which is one of its calls. */
const RESERVED = ['bind', 'bind-app', 'bind-job', 'binds', 'status'];

/** The first segments of Tsuru's own paths, and of the service's health check and metrics. */
const TAKEN = ['resources', 'authenticated-resources', 'healthcheck', 'metrics'];

/** Device names on Windows, whatever the extension. */
const DEVICE = /^(aux|con|nul|prn|(com|lpt)[0-9])$/;

/** Leaves room for the rest of the file name, which most file systems limit to 255 bytes. */
const MAX_NAME = 100;

/** The default action of each method. */
const VERBS: Record<EndpointAnswer['method'], string> = {
  DELETE: 'delete',
  GET: 'show',
  HEAD: 'head',
  OPTIONS: 'options',
  PATCH: 'update',
  POST: 'create',
  PUT: 'replace',
};

/** Sorted by name, so that the order in which endpoints are added does not change the render. */
export function sortedByName<Endpoint extends { name: string }>(endpoints: readonly Endpoint[]): Endpoint[] {
  return endpoints.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Sorted for routers that use the first match: a literal segment before a parameter, and HEAD before the GET that would
 * also match it.
 */
export function moreSpecificFirst<Endpoint extends Pick<EndpointAnswer, 'name' | 'method' | 'path'>>(
  endpoints: readonly Endpoint[],
): Endpoint[] {
  const rank = ({ method, path, name }: Endpoint) => [
    ...path.split('/').map((part) => (part.startsWith('{') ? '1' : '0')),
    method === 'HEAD' ? '0' : '1',
    name,
  ];
  return endpoints.toSorted((a, b) => (rank(a).join(' ') < rank(b).join(' ') ? -1 : 1));
}

/** The parts of an endpoint, as they are typed. */
export type TypedEndpoint = Omit<Partial<EndpointAnswer>, 'scope'> & { scope?: (typeof ENDPOINT_SCOPES)[number] };

/**
 * Fills in the defaults that follow from the name: GET, an instance as the scope, a path and an action of that name, and a
 * description.
 */
export function withEndpointDefaults({
  name,
  method = 'GET',
  scope = 'instance',
  ...rest
}: TypedEndpoint & { name: string }): EndpointAnswer {
  return {
    name,
    method,
    path: rest.path ?? `/${name}`,
    ...(scope !== 'instance' && { scope }),
    action: rest.action ?? (scope === 'instance' ? `${name}.${VERBS[method]}` : ''),
    description: rest.description ?? `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll('-', ' ')}`,
  };
}

/** An endpoint as a record has it: without what is not said. */
export function recorded({ name, method, path, scope, action, description }: EndpointAnswer): Record<string, string> {
  return { name, method, path, ...(scope && { scope }), ...(action !== '' && { action }), description };
}

/** The path of an endpoint below the address of the API. @param instance the part for the instance, such as `{name}` */
export function pathOf({ scope, path }: Pick<EndpointAnswer, 'scope' | 'path'>, instance: string): string {
  if (scope === 'service') return path;
  return scope === 'authenticated' ? `/authenticated-resources${path}` : `/resources/${instance}${path}`;
}

/**
 * Validates the endpoints of a service by the rules of Tsuru's permissions manifest ("Permissions manifest" in the contract)
 * and of the web framework.
 * @returns the first problem, as a sentence that names the endpoint or both endpoints; undefined when there is none
 */
export function endpointsProblem(
  endpoints: readonly EndpointAnswer[],
  framework: Answers['framework'],
): string | undefined {
  for (const [index, endpoint] of endpoints.entries()) {
    const problem = endpointProblem(endpoint, framework);
    if (problem !== undefined) return `The endpoint "${endpoint.name}" ${problem}.`;
    for (const other of endpoints.slice(0, index)) {
      if (other.name === endpoint.name) return `Two endpoints have the same name: "${endpoint.name}".`;
      const clash = clashOf(other, endpoint);
      if (clash !== undefined) return `The endpoints "${other.name}" and "${endpoint.name}" ${clash}.`;
    }
  }
  return undefined;
}

/**
 * Validates the name of a new endpoint, beyond {@link endpointsProblem}. A project that already has such a name keeps it,
 * because its files exist.
 * @returns the problem, as a sentence that names the endpoint; undefined when there is none
 */
export function newNameProblem(name: string): string | undefined {
  if (DEVICE.test(name)) return `An endpoint cannot be named "${name}": Windows reserves that file name.`;
  if (name.length > MAX_NAME) return `The name of an endpoint can have at most ${MAX_NAME} characters, because it is also the name of a file.`;
  return undefined;
}

function endpointProblem(
  { name, method, path, scope, action, description }: EndpointAnswer,
  framework: Answers['framework'],
): string | undefined {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) return 'needs a name of a-z, 0-9 and single "-", such as "backups"';
  if (!METHODS.includes(method)) return `has the method "${method}"; valid methods: ${METHODS.join(', ')}`;
  if (method === 'HEAD' && framework === 'hono') {
    return 'has the method HEAD, which Hono answers with the GET handler of that path';
  }
  const parts = path.split('/').slice(1);
  if (!path.startsWith('/') || parts.length === 0 || parts.includes('')) {
    return `has the path "${path}"; a path starts with "/" and has no empty segments`;
  }
  const odd = parts.find((part) => !/^(\{[A-Za-z_]\w*\}|[A-Za-z0-9][\w.~-]*)$/.test(part));
  if (odd !== undefined) return `has the path "${path}"; "${odd}" is neither a plain word nor a {parameter}`;
  const [first = ''] = parts;
  if (scope === undefined && RESERVED.includes(first)) return `has the path "${path}"; Tsuru reserves "${first}"`;
  if (scope === 'service' && (first.startsWith('{') || TAKEN.includes(first))) {
    return `has the path "${path}"; with the scope "service" a path starts with a word other than ${TAKEN.join(', ')}`;
  }
  const parameters = parts.filter((part) => part.startsWith('{'));
  if (new Set(parameters).size < parameters.length) return `has the same parameter twice in its path "${path}"`;
  if (scope !== undefined && action !== '') {
    return `has the action "${action}"; only endpoints of the scope "instance" have one`;
  }
  if (scope === undefined && !/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(action)) return `has the action "${action}"; an action looks like "backups.create"`;
  if (description === '' || /\p{Cc}/u.test(description) || description.includes('*/')) {
    return 'needs a description on one line, without "*/"';
  }
  return undefined;
}

type Relation = 'equal' | 'narrower' | 'wider' | 'overlapping' | 'apart';

/** Why two endpoints clash, as the end of a sentence; undefined when they do not. */
function clashOf(a: EndpointAnswer, b: EndpointAnswer): string | undefined {
  if (a.scope !== b.scope) return undefined;
  if (a.scope === undefined && a.action === b.action) return `have the same action "${a.action}"`;
  const relation = combine(compareMethods(a.method, b.method), comparePaths(a.path, b.path));
  if (relation === 'equal') return `are the same: ${a.method} ${a.path} and ${b.method} ${b.path}`;
  if (relation !== 'overlapping') return undefined;
  return `overlap, and neither is more specific: ${a.method} ${a.path} and ${b.method} ${b.path}`;
}

/** As in Go's ServeMux, a pattern for GET also matches HEAD. */
function compareMethods(a: string, b: string): Relation {
  if (a === b) return 'equal';
  if (a === 'GET' && b === 'HEAD') return 'wider';
  return a === 'HEAD' && b === 'GET' ? 'narrower' : 'apart';
}

function comparePaths(a: string, b: string): Relation {
  const [left, right] = [a.split('/'), b.split('/')];
  if (left.length !== right.length) return 'apart';
  return left
    .map((part, index): Relation => {
      const other = right[index] ?? '';
      const [isOpen, isOtherOpen] = [part.startsWith('{'), other.startsWith('{')];
      if (isOpen && isOtherOpen) return 'equal';
      if (isOpen) return 'wider';
      if (isOtherOpen) return 'narrower';
      return part === other ? 'equal' : 'apart';
    })
    .reduce(combine);
}

function combine(a: Relation, b: Relation): Relation {
  if (a === 'apart' || b === 'apart') return 'apart';
  if (a === b || b === 'equal') return a;
  return a === 'equal' ? b : 'overlapping';
}
