import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry on this machine. */
export interface Registry {
  url: string;
  close: () => Promise<void>;
}

/**
 * Starts a registry that has one package, and sends what asks for others to another registry.
 * @param tarball a package without dependencies, as `npm pack` made it
 */
export async function startRegistry(tarball: string, { name, version, bin }: { name: string; version: string; bin: Record<string, string> }): Promise<Registry> {
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    if (request.url === '/package.tgz') {
      response.end(readFileSync(tarball));
    } else if (request.url === `/${name}`) {
      const dist = { tarball: `http://127.0.0.1:${port}/package.tgz` };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: { name, version, bin, dist } } }));
    } else {
      response.writeHead(307, { location: `https://registry.npmjs.org${String(request.url)}` }).end();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
