import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry on 127.0.0.1 in which this package is published. */
export interface Registry {
  url: string;
  close(): Promise<unknown>;
}

/**
 * Serves the packed package as the latest version of `create-tsuru-service`, and sends requests for all others on to the registry
 * that npm is configured with.
 *
 * @param tarball that `npm pack` made
 */
export async function startRegistry(tarball: string): Promise<Registry> {
  const others = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim().replace(/\/$/, '');
  const bytes = readFileSync(tarball);
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; version: string };
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    // What an earlier run has served from this port is not to be taken from npm's cache.
    response.setHeader('Cache-Control', 'no-store');
    if (path === `/${manifest.name}`) {
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(packument()));
    } else if (path === `/${manifest.name}.tgz`) {
      response.end(bytes);
    } else {
      response.writeHead(307, { Location: `${others}${path}` }).end();
    }
  });
  const packument = () => {
    const dist = { tarball: `${url}/${manifest.name}.tgz`, integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}` };
    return { name: manifest.name, 'dist-tags': { latest: manifest.version }, versions: { [manifest.version]: { ...manifest, dist } } };
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    close: () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      return closed;
    },
  };
}
