import type { IncomingMessage } from 'node:http';

import type { User } from '../state/records.ts';
import type { JsonStream } from './stream.ts';
import type { FieldValues } from './values.ts';

/** A request to Tsuru's API that a route was found for. */
export interface ApiRequest {
  method: string;
  /** The variables in the route's path, decoded. */
  params: Record<string, string>;
  /** The template of the route's path. */
  route: string;
  /** The version in the path, or `''`. */
  version: string;
  query: FieldValues;
  body: Buffer;
  /** The header up to its first `;`, as it was sent: Tsuru compares it so. */
  contentType: string;
  /** The type without its parameters, in lower case: Go parses forms by it. */
  mediaType: string;
  /** The query as it was sent, without `?`. */
  rawQuery: string;
  /** Of the token; undefined on the routes that need none. */
  user: User | undefined;
  /** The address of the client. */
  remote: string;
  /** Goes to the service with every call. */
  requestId: string;
  /** Turns the answer into a stream of JSON lines; nothing is sent before the first line. */
  stream: () => JsonStream;
  /** For the proxy, which passes on the headers. */
  incoming: IncomingMessage;
}

/** A parameter of the route. */
export function param({ params }: ApiRequest, name: string): string {
  return params[name] ?? '';
}

/** The user of a route that requires one. */
export function userOf({ user }: ApiRequest): User {
  if (user === undefined) throw new Error('The route requires no token.');
  return user;
}
