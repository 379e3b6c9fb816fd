import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two looks. */
const PAUSE = 250;

/** Milliseconds for one. */
const PATIENCE = 2000;

/** Whether a service listens. */
export interface Presence {
  /** A call to it has failed: it is looked for again. */
  lose: () => void;
  /** Tells how the service is, and whenever that changes, until the signal is aborted. */
  follow: (signal: AbortSignal, tell: (isThere: boolean) => void) => Promise<void>;
}

/**
 * Looks for a service by opening connections, over which it sends nothing. One that others run may log them: it is looked for
 * only until it is there, and after a call has failed.
 */
export function presenceOf(address: URL, isOwn: boolean): Presence {
  let mustLook = true;
  return {
    lose() {
      mustLook = true;
    },
    async follow(signal, tell) {
      let before: boolean | undefined;
      const isOver = () => signal.aborted;
      while (!isOver()) {
        if (mustLook || isOwn) {
          const isThere = await isListening(address, signal);
          if (isOver()) return;
          mustLook = !isThere;
          if (isThere !== before) tell(isThere);
          before = isThere;
        }
        await sleep(PAUSE, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

function isListening({ protocol, hostname, port }: URL, signal: AbortSignal): Promise<boolean> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = connect({ host, port: Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port), timeout: PATIENCE, signal });
  return new Promise((resolve) => {
    const end = (isThere: boolean) => () => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', end(true)).once('timeout', end(false)).on('error', end(false));
  });
}

/** A port of this machine that is free: that one, if it is. */
export async function freePort(wanted: number): Promise<number> {
  return (await portIfFree(wanted)) ?? (await portIfFree(0)) ?? wanted;
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
