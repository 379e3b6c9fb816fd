import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds from the start of a stop until a connection is closed that has no running request. */
const ALLOWANCE = {
  /** No request yet: the first one may be on its way. */
  fresh: 5_000,
  /** Kept open after a response. */
  idle: 1_000,
  /** The request has started to arrive and is incomplete. */
  unfinished: 10_000,
  /** The client does not read the response. */
  unread: 10_000,
};
/** Milliseconds between two searches for such connections. */
const SWEEP_INTERVAL = 100;
/** Milliseconds for which pending connections are accepted at a stop, when new ones keep coming. */
const MAX_ACCEPTING = 1_000;

export interface Listening {
  /** Such as `http://127.0.0.1:8888`. */
  address: string;
  /** Stops listening at once. Resolves when every accepted request has had its response. */
  close: () => Promise<void>;
}

/** Listens on a host and a port. @throws Node's error, such as EADDRINUSE */
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

/** Such as `http://127.0.0.1:8888`. */
export function addressOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/**
 * Prepares a server for a stop that loses no request. Must be called before the server listens.
 *
 * @returns stops the server: it accepts no new connection, finishes the requests on open ones with `Connection: close`,
 *   and closes idle ones after their allowance. Resolves when the last connection is closed.
 */
export function gracefulClose(server: Server): () => Promise<void> {
  /** The latest response on each open connection; undefined before the first. */
  const connections = new Map<Socket, ServerResponse | undefined>();
  let accepted = 0;
  let closing: Promise<void> | undefined;

  server.on('connection', (socket: Socket) => {
    accepted++;
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
   * Accepts the connections that wait in the system's queue, one in each turn of the event loop. When the listener
   * closes, the system resets those that are left.
   */
  const acceptPending = async () => {
    const start = performance.now();
    await nextTurn();
    let before: number;
    do {
      before = accepted;
      await nextTurn();
    } while (accepted > before && performance.now() - start < MAX_ACCEPTING);
  };

  const close = async () => {
    await acceptPending();
    // Not `server.close()`: it drops idle connections, whose next request may be on its way.
    const closed = new Promise<void>((resolve) => {
      NetServer.prototype.close.call(server, () => resolve());
    });
    for (const response of connections.values()) {
      if (response !== undefined && !response.headersSent) response.setHeader('connection', 'close');
    }
    const start = performance.now();
    const timer = setInterval(() => sweep(performance.now() - start), SWEEP_INTERVAL);
    await closed;
    clearInterval(timer);
    // Ends Node's own timers for this server.
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
