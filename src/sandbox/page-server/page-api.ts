import { createServer, request, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { duplexPair } from 'node:stream';

/** An answer of Tsuru's API as a whole. */
export interface ApiReply {
  status: number;
  type: string;
  body: Buffer;
}

/** Bytes of an answer that are taken for the page. */
const LIMIT = 8 * 1_048_576;

/**
 * Gives access to Tsuru's API without a port and without a token: each request goes over a pair of streams in this process.
 *
 * @returns sends a request on, with another path, until the page closes its own; it rejects if there is no answer, or if it is longer than 8 MiB
 */
export function apiInside(handle: RequestListener): (incoming: IncomingMessage, page: ServerResponse, path: string) => Promise<ApiReply> {
  const server = createServer(handle);
  return (incoming, page, path) =>
    new Promise((resolve, reject) => {
      const [outside, inside] = duplexPair();
      inside.on('close', () => outside.destroy());
      outside.on('close', () => inside.destroy());
      page.on('close', () => outside.destroy());
      server.emit('connection', Object.assign(inside, { remoteAddress: incoming.socket.remoteAddress }));
      const { 'content-type': type, 'content-length': length, accept } = incoming.headers;
      const headers = { ...(type !== undefined && { 'Content-Type': type }), ...(length !== undefined && { 'Content-Length': length }), ...(accept !== undefined && { Accept: accept }) };
      const call = request({ createConnection: () => outside, method: incoming.method, path, headers });
      call.on('error', reject).on('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response
          .on('data', (chunk: Buffer) => {
            chunks.push(chunk);
            size += chunk.length;
            if (size > LIMIT) response.destroy(new Error('The answer is longer than 8 MiB.'));
          })
          .on('error', reject)
          .on('end', () => {
            outside.destroy();
            resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body: Buffer.concat(chunks) });
          });
      });
      incoming.pipe(call);
    });
}
