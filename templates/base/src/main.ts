import { createApp, listen } from './app.js';
import { createBackend } from './backend.js';
import { plans } from './plans.js';
import { loadEnvironmentFile, readConfig } from './tsuru/config.js';
import { endpoints } from './tsuru/endpoints.js';
import { messageOf } from './tsuru/errors.js';
import { createLogger } from './tsuru/log.js';
import { createService } from './tsuru/service.js';
import { settings } from './tsuru/settings.js';
import { openStore } from './tsuru/store-open.js';

/** Milliseconds that a stop waits for running operations. */
const GRACE = 20_000;
/** Milliseconds until the process gives up waiting; platforms kill it after 30 s. */
const LAST_MOMENT = 28_000;

async function main(): Promise<void> {
  loadEnvironmentFile();
  const config = readConfig(process.env);
  const log = createLogger(config.logLevel);
  const store = await openStore(config.store, log);
  const backend = createBackend();
  const service = createService({ ...config, ...settings, backend, endpoints, log, plans, store });
  const app = await createApp(service);
  const listening = listen(app, service, config);
  let isStopping = false;
  const stop = async (signal: string) => {
    log.info({ signal, again: isStopping || undefined }, 'stopping; running operations are finished first');
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => {
      log.error('gave up waiting');
      process.exit(1);
    }, LAST_MOMENT).unref();
    const { close } = await listening;
    await service.lifeCycle.stop(close(), GRACE);
    await store.close();
    log.info('stopped');
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal).catch(fail));
  const { address } = await listening;
  log.info({ address, service: settings.service }, 'listening');
  // Not before it listens: if the port is taken, another process is running the service.
  await service.lifeCycle.resume();
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error && error.cause === undefined ? error.message : messageOf(error)}\n`);
  process.exit(1);
}

main().catch(fail);
