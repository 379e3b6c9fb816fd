import type { World } from '../world.ts';
import type { Answer } from './answer.ts';
import type { ApiRequest } from './request.ts';

/** Answers a request. Without an answer, it is 200 with what the request's stream was given. @throws ApiError for the user */
export type Handler = (request: ApiRequest, world: World) => Promise<Answer | undefined> | Answer | undefined;

/** A route of Tsuru's API. A variable `{name}` in its path is one segment, `{name:.*}` all that follows; else it is a regular expression. */
export interface Route {
  /** The only version that its path may begin with, if it is not `''`; without one, any route is found too. */
  version: string;
  method: string | readonly string[];
  path: string;
  handler: Handler;
  /** Whether a request needs no token. */
  isOpen?: true;
}

export interface Match {
  route: Route;
  version: string;
  params: Record<string, string>;
}

/** Methods of a route that takes all: Tsuru knows no HEAD and no OPTIONS. */
export const ALL_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Finds routes as Tsuru does: by the decoded path, the first one that fits. */
export function routerOf(routes: readonly Route[]): (method: string, path: string) => Match | undefined {
  const compiled = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  return (method, path) => {
    const [prefix, version = ''] = /^\/([0-9.]+)(?=\/)/.exec(path) ?? [];
    const rest = prefix === undefined ? path : path.slice(prefix.length);
    for (const { route, pattern } of compiled) {
      if (!(typeof route.method === 'string' ? route.method === method : route.method.includes(method))) continue;
      if (prefix !== undefined && route.version !== '' && version !== route.version) continue;
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
