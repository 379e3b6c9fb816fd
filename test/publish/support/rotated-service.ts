import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { passwordsIn } from '../../../src/publish/rotation/env-file.ts';

/** A service that reads the passwords of `.env` when it starts, and takes both. */
export interface RotatedService {
  /** Such as `http://127.0.0.1:8080`. */
  address: string;
  /** Requests that it refuses or drops until it starts again by itself, after `.env` changed; Infinity: never. */
  lag: number;
  /** Whether a request gets to a replica that has not started again. */
  isOld: () => boolean;
  /** Whether it is out of reach. */
  isAway: () => boolean;
  /** The password with which its instances were last asked for: only Tsuru does that. */
  passwordOfTsuru: () => string;
  /** Reads `.env` again. */
  start: () => void;
  close: () => Promise<void>;
}

/** @param directory of the project, whose `.env` need not be there yet */
export async function startRotatedService(directory: string): Promise<RotatedService> {
  let taken: (string | undefined)[] = [];
  let before = taken;
  let [started, pending, ofTsuru] = ['', 0, ''];
  const text = () => readFileSync(join(directory, '.env'), 'utf8');
  const service: RotatedService = {
    ...{ address: '', lag: 0, isOld: () => false, isAway: () => false, passwordOfTsuru: () => ofTsuru },
    start() {
      started = text();
      pending = 0;
      const { password, old } = passwordsIn(started);
      [before, taken] = [taken, [password, old].filter((one) => one !== undefined)];
    },
    close: () => close(server),
  };
  const server = createServer((request, response) => {
    request.resume();
    if (service.isAway()) {
      request.socket.destroy();
      return;
    }
    if (text() !== started && pending++ >= service.lag) service.start();
    const [, encoded = ''] = (request.headers.authorization ?? '').split(' ');
    const password = Buffer.from(encoded, 'base64').toString().replace(/^my-service:/, '');
    const path = request.url ?? '';
    if (path.endsWith('/status')) ofTsuru = password;
    const status = !(service.isOld() ? before : taken).includes(password) ? 401 : path.endsWith('/status') ? 204 : request.method === 'POST' ? 201 : 200;
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(path === '/resources/plans' ? '[{"name":"small","description":"one"}]' : status === 204 ? '' : '[]');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  service.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return service;
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
