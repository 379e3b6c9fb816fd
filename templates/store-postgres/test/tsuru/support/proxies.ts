import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { onTestFinished } from 'vitest';

/** The same URL, with the address of a server that ends with the test. */
async function before(url: string, server: Server, sockets: Set<Socket>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const proxied = new URL(url);
  proxied.port = String((server.address() as AddressInfo).port);
  return proxied.href;
}

function target(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

/** A network that can hang: it then accepts connections and bytes, and passes nothing on until it goes on. */
export async function network(url: string) {
  const sockets = new Set<Socket>();
  let isHanging = false;
  const server = createServer((client) => {
    const upstream = connect(target(url));
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(from);
      from.on('data', (bytes) => to.write(bytes)).on('error', () => {}).on('close', () => to.destroy());
      if (isHanging) from.pause();
    }
  });
  const proxied = await before(url, server, sockets);
  return {
    url: proxied,
    hang: (value: boolean) => {
      isHanging = value;
      for (const socket of sockets) socket[value ? 'pause' : 'resume']();
    },
  };
}

/**
 * A pooler in transaction mode: a client has a connection of the server from its first message to the end of the
 * transaction. It gets the one that was used last.
 */
export async function transactionPooler(url: string): Promise<string> {
  const sockets = new Set<Socket>();
  const free: Socket[] = [];
  const server = createServer((client) => {
    // Each client logs in on a connection of its own, which then is free for all.
    let lent: Socket | undefined = connect(target(url));
    const lend = (upstream: Socket) => {
      lent = upstream;
      upstream.removeAllListeners('data');
      upstream.on('data', (bytes: Buffer) => {
        client.write(bytes);
        // ReadyForQuery ends a reply; `I` says that there is no transaction.
        if (bytes.at(-6) !== 0x5a || bytes.at(-1) !== 0x49) return;
        free.push(upstream);
        lent = undefined;
      });
    };
    for (const socket of [client, lent]) sockets.add(socket.on('error', () => {}));
    lend(lent);
    client.on('data', (bytes) => {
      if (bytes[0] === 0x58) return void client.end();
      const upstream = lent ?? free.pop();
      if (upstream === undefined) return void client.destroy();
      if (lent === undefined) lend(upstream);
      upstream.write(bytes);
    });
  });
  return before(url, server, sockets);
}
