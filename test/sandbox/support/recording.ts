import { readFileSync } from 'node:fs';

/** Header names as they were on the wire. */
export type Headers = Record<string, string>;

export interface RecordedRequest {
  method: string;
  /** The raw request target. */
  path: string;
  headers: Headers;
  body?: string;
}

export interface RecordedAnswer {
  /** Missing if there was an error. */
  status?: number;
  headers?: Headers;
  body?: string;
  /** The body as it came, where that was recorded. */
  chunks?: string[];
  /** Why there was no answer. */
  error?: string;
}

/** A request from the client to Tsuru, and its answer. */
export interface ApiCall {
  request: RecordedRequest;
  response: RecordedAnswer;
}

/** A request from Tsuru to a service, and its answer. */
export interface ServiceCall extends ApiCall {
  /** The name of the server that answered. */
  service: string;
  /** The index of the call to Tsuru within which it came. */
  during: number;
}

/** What one command led to. Values that differ from run to run are placeholders, such as `<event>`. */
export interface Conversation {
  id: string;
  command: string[];
  api: ApiCall[];
  service: ServiceCall[];
}

/** Headers that were not recorded, and those that only say how a body is framed. */
const UNRECORDED = new Set(
  ['host', 'user-agent', 'content-length', 'accept-encoding', 'connection', 'keep-alive', 'date', 'transfer-encoding'],
);

export const isRecorded = (header: string) => !UNRECORDED.has(header.toLowerCase());

/** Reads a file of recordings. */
export function readConversations(file: string | URL): Conversation[] {
  return JSON.parse(readFileSync(file, 'utf8')) as Conversation[];
}

/** The recorded headers among the raw ones of a message: names and values in turn, as Node keeps them. */
export function headersOf(raw: string[]): Headers {
  const headers: Headers = {};
  for (let index = 0; index < raw.length; index += 2) {
    const [name = '', value = ''] = raw.slice(index, index + 2);
    if (isRecorded(name)) headers[name] = name in headers ? `${headers[name] ?? ''}, ${value}` : value;
  }
  return headers;
}
