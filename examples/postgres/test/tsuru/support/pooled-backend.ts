import { createServer } from 'node:net';

import type { Backend } from '../../../src/tsuru/backend.js';

/** Replaces src/backend.ts in a test: it keeps a socket and a timer open, as a pool does, until it is closed. */
export function createBackend(): Backend {
  const server = createServer().listen(0, '127.0.0.1');
  const timer = setInterval(() => {}, 60_000);
  return {
    async create() {},
    async update() {},
    async destroy() {},
    bindApp: async () => ({}),
    async unbindApp() {},
    bindJob: async () => ({}),
    async unbindJob() {},
    async close() {
      process.stdout.write('the pool is closed\n');
      clearInterval(timer);
      server.close();
    },
  };
}
