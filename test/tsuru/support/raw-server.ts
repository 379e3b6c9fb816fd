import { createServer, type AddressInfo, type Socket } from 'node:net';

import { onTestFinished } from 'vitest';

/**
 * A server of bare sockets, which ends with the test.
 * @param answer gets each connection, and what came of its request at first
 */
export async function rawServer(answer: (socket: Socket, request: string) => void): Promise<URL> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // The client closes the connection in the middle of a reply.
    socket.on('error', () => socket.destroy());
    socket.once('data', (chunk) => {
      answer(socket, chunk.toString());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** Writes a text again and again, as fast as the client reads, until the connection is closed. */
export function writeForEver(socket: Socket, text: string): void {
  const write = () => {
    while (!socket.destroyed && socket.write(text));
  };
  socket.on('drain', write);
  write();
}
