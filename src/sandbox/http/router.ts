import type { World } from '../world.ts';
import type { Answer } from './answer.ts';
import type { ApiRequest } from './request.ts';

/** Answers a request. Without an answer, it is 200 with what the request's stream was given. @throws ApiError for the user */
export type Handler = (request: ApiRequest, world: World) => Promise<Answer | undefined> | Answer | undefined;

/** A route of Tsuru's API. */
export interface Route {
  /** The only version that its path may begin with, if it is not `*`; without one, any route is found too. */
  version: string;
  methods: readonly string[];
  /** A regular expression in which a variable `{name}` is one segment, `{name:.*}` all that follows. */
  path: string;
  handler: Handler;
  /** Whether a request needs no token. */
  isOpen: boolean;
}

/** Methods of a route that takes all: Tsuru knows no HEAD and no OPTIONS. */
const ALL_METHODS = 'GET|POST|PUT|PATCH|DELETE';

/** Routes by version, methods and path, such as `1.0 GET|POST /apps`; `ANY` stands for all methods. */
export function routes(handlers: Record<string, Handler>, isOpen = false): Route[] {
  return Object.entries(handlers).map(([name, handler]) => {
    const [version = '', methods = '', path = ''] = name.split(' ');
    return { version, methods: (methods === 'ANY' ? ALL_METHODS : methods).split('|'), path, handler, isOpen };
  });
}

export interface Match {
  route: Route;
  version: string;
  params: Record<string, string>;
}

/** Finds routes as Tsuru does: by the decoded path, the first one that fits. */
export function routerOf(all: readonly Route[]): (method: string, path: string) => Match | undefined {
  const compiled = all.map((route) => ({ route, pattern: patternOf(route.path) }));
  return (method, path) => {
    const [prefix, version = ''] = /^\/([0-9.]+)(?=\/)/.exec(path) ?? [];
    const rest = prefix === undefined ? path : path.slice(prefix.length);
    for (const { route, pattern } of compiled) {
      if (!route.methods.includes(method)) continue;
      if (prefix !== undefined && route.version !== '*' && version !== route.version) continue;
      const found = pattern.exec(rest);
      if (found !== null) return { route, version, params: { ...found.groups } };
    }
    return undefined;
  };
}

function patternOf(path: string): RegExp {
  // What follows takes no line end, as in Go.
  const source = path.replace(/\{(\w+)(:\.\*)?\}/g, (_, name: string, all?: string) => `(?<${name}>${all === undefined ? '[^/]+' : '[^\n]*'})`);
  return new RegExp(`^${source}$`);
}
