import { request as requestHttp } from 'node:http';

import { headersOf, type RecordedAnswer, type RecordedRequest } from './recording.ts';

/** What has arrived of an answer so far. */
export interface Received {
  text: string;
  /** How often only line ends came. */
  blanks: number;
}

/** A request under way. */
export interface Exchange {
  /** Resolves when what was received so far satisfies the condition, or when no more will come. */
  arrived: (condition: (received: Received) => boolean) => Promise<void>;
  /** Never rejects: a closed connection is an answer with an error. */
  answer: Promise<RecordedAnswer>;
}

/** Sends a request whose path is never normalized, on a connection of its own, with a Content-Length if it has a body. */
export function exchange(address: URL, { method, path, headers, body }: RecordedRequest): Exchange {
  let text = '';
  let blanks = 0;
  let isOver = false;
  let watchers: (() => boolean)[] = [];
  const notify = () => {
    watchers = watchers.filter((isDone) => !isDone());
  };
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  const answer = new Promise<RecordedAnswer>((resolve) => {
    const end = (result: RecordedAnswer) => {
      isOver = true;
      notify();
      resolve(result);
    };
    const sent = requestHttp(
      { host: address.hostname, port: address.port, method, path, agent: false, headers: { ...headers, ...length } },
      (incoming) => {
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => {
          text += chunk;
          if (/^\n+$/.test(chunk)) blanks += 1;
          notify();
        });
        incoming.on('error', ({ message }) => {
          end({ error: message, body: text });
        });
        incoming.on('end', () => {
          end({ status: incoming.statusCode ?? 0, headers: headersOf(incoming.rawHeaders), body: text });
        });
      },
    );
    sent.on('error', ({ message }) => {
      end({ error: message });
    });
    sent.end(body);
  });
  return {
    answer,
    arrived: (condition) =>
      new Promise((resolve) => {
        watchers.push(() => {
          const isDone = isOver || condition({ text, blanks });
          if (isDone) resolve();
          return isDone;
        });
        notify();
      }),
  };
}
