import { createServer as createHttpServer, type Server as HttpServer, type ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { Reference, serve, type Reply } from '../broken/reference.ts';

/** A server that tries to keep a client for ever. */
export interface Running {
  url: URL;
  /** The names of the instances in it. */
  instances: () => string[];
  close: () => Promise<void>;
}

/** Calls a function every few milliseconds until a connection is closed. */
function untilClosed(socket: Socket, act: () => void): void {
  const timer = setInterval(act, 20);
  socket.on('close', () => {
    clearInterval(timer);
  });
}

/** Writes the same bytes as fast as they are read, until the connection is closed. */
function flood(socket: Socket, bytes: string): void {
  const write = () => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', write);
  write();
}

/** Serves connections on a free port of 127.0.0.1. */
async function listen(server: Server | HttpServer): Promise<Running> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    instances: () => [],
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A server that does something with each new connection. */
export function onConnection(act: (socket: Socket) => void): () => Promise<Running> {
  return () => listen(createServer(act));
}

/** A server that writes to each connection what it likes, once a request has begun to arrive. */
export function onRequest(act: (socket: Socket) => void): () => Promise<Running> {
  return onConnection((socket) => {
    socket.once('data', () => {
      socket.resume();
      act(socket);
    });
  });
}

/** Every body begins, and goes on a character at a time. */
export const drip = onRequest((socket) => {
  socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
  untilClosed(socket, () => socket.write('1\r\n \r\n'));
});

/** Every body is very large. */
export const gigabyte = onRequest((socket) => {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${2 ** 30}\r\n\r\n[`);
  flood(socket, ' '.repeat(65_536));
});

/** The headers never end, and arrive fast. */
export const headerFlood = onRequest((socket) => {
  socket.write('HTTP/1.1 200 OK\r\n');
  flood(socket, `X-More: ${'x'.repeat(1000)}\r\n`.repeat(16));
});

/** The headers never end, and arrive slowly. */
export const headerDrip = onRequest((socket) => {
  socket.write('HTTP/1.1 200 OK\r\n');
  untilClosed(socket, () => socket.write('X-More: x\r\n'));
});

/** One informational reply after another, and never the real one. */
export const informational = onRequest((socket) => {
  untilClosed(socket, () => socket.write('HTTP/1.1 102 Processing\r\n\r\n'));
});

/** Every connection is reset within the body. */
export const resets = onRequest((socket) => {
  socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[', () => {
    // What was written needs a moment to arrive before the reset.
    setTimeout(() => socket.resetAndDestroy(), 10);
  });
});

/** The same reply to every request. */
export function always(status: number, headers: Record<string, string> = {}): () => Promise<Running> {
  return () =>
    listen(
      createHttpServer((request, response) => {
        request.resume();
        response.writeHead(status, headers).end(`a ${status}`);
      }),
    );
}

/** A reply whose body begins and never ends. */
export const HANGING: Reply = { status: 200, headers: { 'x-hanging': 'yes' } };

/** The reference, with some parts replaced; {@link HANGING} is a reply like others. */
export function reference(change: (service: Reference) => void): () => Promise<Running> {
  return async () => {
    const service = new Reference();
    const right = service.write.bind(service);
    service.write = (response: ServerResponse, reply: Reply) => {
      if (reply.headers?.['x-hanging'] === undefined) right(response, reply);
      else response.writeHead(reply.status).write('u');
    };
    change(service);
    const { url, close } = await serve(service);
    return { url, close, instances: () => [...service.instances.keys()] };
  };
}
