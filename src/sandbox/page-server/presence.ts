import { connect } from 'node:net';

/** Watches whether something listens where services should be, without a request to them. */
export interface Presence {
  /** The reason why a service is away, by its name, such as `ECONNREFUSED`. */
  away: ReadonlyMap<string, string>;
  /** Looks until `stop` is called as often as this. */
  start: () => void;
  stop: () => void;
}

/** Milliseconds between two looks, and for one. */
const PACE = { pause: 1500, patience: 2000 };

/** @param addresses of the services, by name @param changed is called when one went away, or is back */
export function watchPresence(addresses: () => ReadonlyMap<string, URL>, changed: () => void): Presence {
  const away = new Map<string, string>();
  let watchers = 0;
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    const before = JSON.stringify([...away]);
    const found = await Promise.all([...addresses()].map(async ([name, address]) => [name, await whyAway(address)] as const));
    away.clear();
    for (const [name, reason] of found) if (reason !== undefined) away.set(name, reason);
    if (JSON.stringify([...away]) !== before) changed();
    if (watchers > 0) timer = setTimeout(() => void look(), PACE.pause).unref();
    else timer = undefined;
  };
  return {
    away,
    start() {
      watchers += 1;
      if (timer === undefined) timer = setTimeout(() => void look(), 0).unref();
    },
    stop() {
      watchers -= 1;
    },
  };
}

/** Connects, and closes the connection at once. @returns undefined if something listens */
export function whyAway({ protocol, hostname, port }: URL): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (protocol === 'https:' ? 443 : 80) });
    const done = (reason?: string): void => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(PACE.patience, () => {
      done('timeout');
    });
    socket.on('connect', () => {
      done();
    });
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      done(code ?? message);
    });
  });
}
