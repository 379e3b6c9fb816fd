import type { Logger } from 'pino';

import { createApp, listen } from './app.js';
import { createBackend } from './backend.js';
import { plans } from './plans.js';
import { settings as schema } from './settings.js';
import { answers } from './tsuru/answers.js';
import type { AnyBackend, BackendOptions } from './tsuru/backend.js';
import { loadEnvironmentFile, readConfig } from './tsuru/config.js';
import { endpoints } from './tsuru/endpoints.js';
import { messageOf } from './tsuru/errors.js';
import { createLogger } from './tsuru/log.js';
import { createService, type ServiceOptions } from './tsuru/service.js';
import { openStore } from './tsuru/store-open.js';
import { startTelemetry } from './tsuru/telemetry.js';

/** Milliseconds that a stop waits for running operations. */
const GRACE = 20_000;
/** Milliseconds until the process gives up waiting; platforms kill it after 30 s. */
const LAST_MOMENT = 28_000;

async function main(): Promise<void> {
  loadEnvironmentFile();
  const { config, settings } = readConfig(process.env, schema);
  const log = createLogger(config.logLevel);
  const store = await openStore(config.store, log);
  await store.claim(answers.service);
  const telemetry = await startTelemetry({ ...answers, config, variables: process.env, store, log });
  // An earlier src/backend.ts takes no options.
  const open: (options: BackendOptions<typeof settings>) => AnyBackend = createBackend;
  const backend = open({ settings, service: answers.service, log });
  const end = async () => {
    try {
      await backend.close?.();
    } finally {
      await store.close();
      // The last one: it may end the process.
      await telemetry.stop();
    }
  };
  try {
    await serve({ ...config, ...answers, ...telemetry, backend, endpoints, log, plans, store }, end);
  } catch (error) {
    giveUpLater(log);
    await end();
    throw error;
  }
}

/** Serves until a signal stops it. */
async function serve(options: ServiceOptions & { port: number; host: string }, end: () => Promise<void>): Promise<void> {
  const { log } = options;
  const service = createService(options);
  const app = await createApp(service);
  const listening = listen(app, service, options);
  let isStopping = false;
  const stop = async (signal: string) => {
    log.info({ signal, again: isStopping || undefined }, 'stopping; running operations are finished first');
    if (isStopping) return;
    isStopping = true;
    giveUpLater(log);
    const { close } = await listening;
    await service.lifeCycle.stop(close(), GRACE);
    await end();
    log.info('stopped');
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal).catch(fail));
  const { address } = await listening;
  log.info({ address, service: options.service }, 'listening');
  // Not before it listens: if the port is taken, another process is running the service.
  await service.lifeCycle.resume();
}

function giveUpLater(log: Logger): void {
  setTimeout(() => {
    log.error('gave up waiting');
    process.exit(1);
  }, LAST_MOMENT).unref();
}

function fail(error: unknown): void {
  const text = error instanceof Error && error.cause === undefined ? error.message : messageOf(error);
  const advice = text.includes('EADDRINUSE') ? 'Set another PORT in the environment or in .env.\n' : '';
  process.stderr.write(`${text}\n${advice}`);
  process.exit(1);
}

main().catch(fail);
