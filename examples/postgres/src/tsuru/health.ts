import type { Logger } from 'pino';

import type { AnyBackend } from './backend.js';
import { ServiceError } from './errors.js';
import type { Store } from './store.js';

/** Milliseconds for the store and the backend; probes give up soon after. */
const LIMIT = 5000;

/**
 * The health check: the store can be written, and the backend's server is up. Concurrent calls share one check.
 * @returns a function that rejects with a ServiceError: 503, or 507 when the disk is full. Its text has no details,
 *   since the health check needs no password.
 */
export function healthCheck(
  { store, backend, log }: { store: Store; backend: AnyBackend; log: Logger },
  limit = LIMIT,
): () => Promise<void> {
  let checking: Promise<void> | undefined;

  async function backendIsUp(signal: AbortSignal): Promise<void> {
    try {
      await backend.health?.(signal);
    } catch (error) {
      throw new ServiceError(503, "The service's backend is down.", {}, { cause: error });
    }
  }

  async function check(): Promise<void> {
    const controller = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const isLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new ServiceError(503, `The health check took longer than ${limit / 1000} seconds.`));
        controller.abort(new Error('the health check is over'));
      }, limit);
    });
    try {
      const checks = [store.ping(), backendIsUp(controller.signal)];
      for (const one of checks) one.catch((error: unknown) => log.debug({ err: error }, 'not healthy'));
      await Promise.race([Promise.all(checks), isLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  return () => {
    checking ??= check().finally(() => {
      checking = undefined;
    });
    return checking;
  };
}
