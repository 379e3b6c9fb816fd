import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo } from 'node:net';

/**
 * A port of this machine that is free: that one, if it is. Until the signal is aborted, no other sandbox takes it, though what is
 * to listen there takes a while to start: the port of the same number in UDP is held.
 */
export async function freePort(wanted: number, signal: AbortSignal): Promise<number> {
  const port = await portIfFree(wanted);
  if (port !== undefined && (wanted === 0 || (await isHeld(port, signal)))) return port;
  return wanted === 0 ? wanted : freePort(0, signal);
}

function portIfFree(wanted: number): Promise<number | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => {
      resolve(undefined);
    });
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

/** @returns false if another program holds it */
async function isHeld(port: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return true;
  const socket = createSocket({ type: 'udp4', signal }).unref();
  return new Promise((resolve) => {
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code !== 'EADDRINUSE');
    });
    socket.once('close', () => {
      resolve(true);
    });
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      resolve(true);
    });
  });
}
