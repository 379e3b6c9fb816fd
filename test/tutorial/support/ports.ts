import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** For each port of a document, one that is free. */
export async function freePorts(shown: readonly number[]): Promise<Map<number, number>> {
  const servers = shown.map(() => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return new Map(shown.map((port, index) => [port, ports[index] ?? port]));
}
