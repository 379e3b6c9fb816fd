import type { ServerResponse } from 'node:http';

import { goJson } from './answer.ts';

/** An answer of one JSON object a line (`application/x-json-stream`). */
export interface JsonStream {
  /** Sends a message to the user. */
  write(message: string): void;
  /** Ends with an error, if anything was sent already. @returns whether it was */
  fail(error: string): boolean;
  close(): void;
}

/**
 * Opens a stream on a response, which starts with its first line: until then, an error can still be an answer of its own. An
 * empty line is sent after each `keepAlive` milliseconds in which nothing else was; two, if nothing was sent before.
 */
export function openStream(response: ServerResponse, now: () => Date, keepAlive: number): JsonStream {
  let hasStarted = false;
  const send = (line: string) => {
    if (response.destroyed) return;
    if (!hasStarted) response.writeHead(200, { 'Content-Type': 'application/x-json-stream' });
    hasStarted = true;
    response.write(`${line}\n`);
    timer.refresh();
  };
  const timer = setInterval(() => {
    send(hasStarted ? '' : '\n');
  }, keepAlive);
  response.once('close', () => {
    clearInterval(timer);
  });
  return {
    write(message) {
      send(goJson({ Message: message, Timestamp: now().toISOString() }));
    },
    fail(error) {
      if (hasStarted) send(goJson({ Message: '', Timestamp: now().toISOString(), Error: error }));
      return hasStarted;
    },
    close() {
      clearInterval(timer);
      if (!response.headersSent) response.setHeader('Content-Type', 'application/x-json-stream');
      response.end();
    },
  };
}
