import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import type { Exchange } from './exchange.ts';
import type { Names } from './names.ts';
import { headersOf, type ApiCall, type RecordedAnswer, type RecordedRequest, type ServiceCall } from './recording.ts';

/** A request that a service received, with the placeholders in place of the values. */
export interface SeenCall {
  service: string;
  request: RecordedRequest;
}

/** Servers that answer what was recorded. */
export interface ScriptedServices {
  /** Sets what they answer from now on. @returns what they receive, a list that grows */
  play: (calls: ServiceCall[], during: { call: ApiCall; exchange: () => Exchange }) => SeenCall[];
  close: () => Promise<void>;
}

const nameOf = (service: string, { method, path }: RecordedRequest) => `${service} ${method} ${path}`;

/** How often a stream was kept alive by a blank line. The first time, the line that is not yet begun is ended as well. */
function keptAlive({ response: { headers = {}, body = '' } }: ApiCall): number {
  if (headers['Content-Type'] !== 'application/x-json-stream') return 0;
  const blankLines = body.split('\n').slice(0, -1).filter((line) => line === '').length;
  return body.startsWith('\n') ? blankLines - 1 : blankLines;
}

/** A GET whose connection was closed may be tried again by a client of Go, or not, whichever connection it was sent on. */
export const isRetry = (call: SeenCall, before: SeenCall | undefined, answer: RecordedAnswer | undefined): boolean =>
  call.request.method === 'GET' && answer?.error !== undefined && before !== undefined && nameOf(call.service, call.request) === nameOf(before.service, before.request);

/** Starts one server for each name, and teaches its address: `<service>` for the first, `<service:NAME>` for the others. */
export async function startServices([first, ...others]: [string, ...string[]], names: Names): Promise<ScriptedServices> {
  let script: { calls: ServiceCall[]; seen: SeenCall[]; call: ApiCall; exchange: () => Exchange; last?: RecordedAnswer } | undefined;

  /** Takes the recorded call that a received one is. */
  function take(call: SeenCall): RecordedAnswer {
    if (script === undefined) return { status: 500, body: 'no call of a service is due' };
    const { calls, seen, last } = script;
    if (isRetry(call, seen.at(-1), last)) return last ?? {};
    const same = calls.findIndex((due) => nameOf(due.service, due.request) === nameOf(call.service, call.request));
    const index = same === -1 ? calls.findIndex(({ service }) => service === call.service) : same;
    const [due] = index === -1 ? [] : calls.splice(index, 1);
    seen.push(call);
    script.last = due?.response ?? { status: 500, body: 'not recorded' };
    return script.last;
  }

  async function reply(response: ServerResponse, answer: RecordedAnswer): Promise<void> {
    const { call, calls, exchange } = script ?? {};
    // Blank lines are sent to the client while a service works: the last service goes on working until they have come.
    const due = call === undefined ? 0 : keptAlive(call);
    if (due > 0 && calls?.length === 0) await exchange?.().arrived(({ blanks }) => blanks >= due);
    if (answer.status === undefined) {
      response.destroy();
      return;
    }
    const chunks = (answer.chunks ?? [answer.body ?? '']).map((chunk) => names.resolve(chunk));
    const isFramed = answer.chunks !== undefined || answer.status === 204;
    const headers = Object.fromEntries(Object.entries(answer.headers ?? {}).map(([name, value]) => [name, names.resolve(value)]));
    response.writeHead(answer.status, { ...headers, ...(!isFramed && { 'Content-Length': Buffer.byteLength(chunks.join('')) }) });
    let sent = '';
    for (const chunk of chunks) {
      response.write(chunk);
      sent += chunk;
      // The next chunk is sent once the client has this one: an answer that is passed on when it is complete never comes.
      if (call?.response.chunks !== undefined) await exchange?.().arrived(({ text: received }) => received.length >= sent.length);
    }
    response.end();
  }

  const servers = await Promise.all(
    [first, ...others].map(async (service) => {
      const server = createServer((incoming, response) => {
        void text(incoming)
          .then((body) => {
            const headers = names.normalizeHeaders(headersOf(incoming.rawHeaders));
            const { method = '', url = '' } = incoming;
            const request = { method, path: names.normalize(url), headers, ...(body !== '' && { body: names.normalize(body) }) };
            return reply(response, take({ service, request }));
          })
          .catch(() => response.destroy());
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      names.learn(service === first ? '<service>' : `<service:${service}>`, `127.0.0.1:${port}`);
      return server;
    }),
  );

  return {
    play: (calls, { call, exchange }) => {
      const seen: SeenCall[] = [];
      script = { calls: [...calls], seen, call, exchange };
      return seen;
    },
    close: async () => {
      await Promise.all(
        servers.map((server) => {
          const closed = new Promise((resolve) => server.close(resolve));
          server.closeAllConnections();
          return closed;
        }),
      );
    },
  };
}
