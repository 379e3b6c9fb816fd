import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds after the order to stop until a connection is closed on which no answer is being made. */
const ALLOWANCE = {
  /** that has never sent a request: its first one may be on its way */
  fresh: 5_000,
  /** that has been answered and was kept open */
  idle: 1_000,
  /** whose request has begun, and does not end */
  unfinished: 10_000,
  /** whose answer is there, and is not taken */
  unread: 10_000,
};
const SWEEP = 100;
/** Milliseconds in which the connections that wait to be taken up are, when more come all the time. */
const TAKING_UP = 1_000;

export interface Listening {
  /** Such as `http://127.0.0.1:8888`. */
  address: string;
  /** Stops listening at once, and ends when all that was accepted has been answered. */
  close: () => Promise<void>;
}

/** Listens on a host and a port. @throws what Node says when it cannot, such as EADDRINUSE */
export async function listenOn(server: Server, { port, host }: { port: number; host: string }): Promise<Listening> {
  const close = gracefulClose(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return { address: addressOf(server), close };
}

/** Where a server listens. */
export function addressOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/**
 * Prepares a server for a stop that loses no request; it has to be called before the server listens.
 *
 * @returns stops: no new connection is taken, every connection that was accepted is answered, the answers say
 *   `Connection: close`, and what sends nothing is closed after a while. It ends when the last connection has.
 */
export function gracefulClose(server: Server): () => Promise<void> {
  /** The latest answer on each open connection; undefined before the first. */
  const connections = new Map<Socket, ServerResponse | undefined>();
  let taken = 0;
  let closing: Promise<void> | undefined;

  server.on('connection', (socket: Socket) => {
    taken++;
    connections.set(socket, undefined);
    socket.once('close', () => connections.delete(socket));
  });
  server.prependListener('request', (request, response: ServerResponse) => {
    connections.set(request.socket, response);
    if (closing !== undefined) response.setHeader('connection', 'close');
  });

  const sweep = (age: number) => {
    for (const [socket, response] of connections) if (age > allowanceOf(response)) socket.destroy();
  };

  /**
   * Takes up every connection that the system has made, one in a turn of the event loop: those that wait when the listener
   * is closed are reset.
   */
  const takeUp = async () => {
    const start = performance.now();
    await nextTurn();
    let before: number;
    do {
      before = taken;
      await nextTurn();
    } while (taken > before && performance.now() - start < TAKING_UP);
  };

  const close = async () => {
    await takeUp();
    // Not `server.close()`, which drops the connections that are kept open while their next request may be under way.
    const closed = new Promise<void>((resolve) => {
      NetServer.prototype.close.call(server, () => resolve());
    });
    for (const response of connections.values()) {
      if (response !== undefined && !response.headersSent) response.setHeader('connection', 'close');
    }
    const start = performance.now();
    const timer = setInterval(() => sweep(performance.now() - start), SWEEP);
    await closed;
    clearInterval(timer);
    // Ends Node's timers of this server.
    server.close();
  };

  return () => (closing ??= close());
}

function allowanceOf(response: ServerResponse | undefined): number {
  if (response === undefined) return ALLOWANCE.fresh;
  if (response.writableFinished) return ALLOWANCE.idle;
  if (!response.req.complete) return ALLOWANCE.unfinished;
  return response.writableEnded ? ALLOWANCE.unread : Infinity;
}
