import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import { ServiceError } from '../errors.js';
import type { ServiceResponse } from '../http.js';
import type { ObservedCall, ObservedMethod, Observer } from '../observer.js';
import type { Store } from '../store.js';
import { StoreCounts } from './store-counts.js';

/** Upper bounds in seconds. Tsuru waits 300 s for a reply; a creation in the background may take an hour. */
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 240];
const BACKEND_BUCKETS = [...REQUEST_BUCKETS, 600, 1800, 3600];

/**
 * The metrics of this process in the format of Prometheus. No label holds a name of a user's: the number of series is
 * bounded by the calls, the statuses and the states.
 */
export class Metrics implements Observer {
  readonly #registry = new Registry();
  readonly #requests: Histogram<'call' | 'status'>;
  readonly #unauthorized: Counter;
  readonly #backendCalls: Histogram<'method' | 'outcome'>;
  readonly #backendRunning: Gauge<'method'>;

  /** @param inBackground whether instances are created in the background */
  constructor(store: Pick<Store, 'countStates'>, inBackground: boolean) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      name: 'tsuru_service_request_duration_seconds',
      help: 'Time to handle a request, by call and status.',
      labelNames: ['call', 'status'],
      buckets: REQUEST_BUCKETS,
      registers,
    });
    this.#unauthorized = new Counter({
      name: 'tsuru_service_unauthorized_requests_total',
      help: 'Requests refused because of their user name or password.',
      registers,
    });
    this.#backendCalls = new Histogram({
      name: 'tsuru_service_backend_call_duration_seconds',
      help: 'Time of a call of the backend, by method and outcome (ok, refused, aborted or failed).',
      labelNames: ['method', 'outcome'],
      buckets: BACKEND_BUCKETS,
      registers,
    });
    this.#backendRunning = new Gauge({
      name: 'tsuru_service_backend_calls_in_progress',
      help: 'Calls of the backend that have not ended, by method.',
      labelNames: ['method'],
      registers,
    });
    this.#registerCounts(new StoreCounts(store), inBackground);
  }

  /** The response to a scrape. */
  async read(): Promise<ServiceResponse> {
    const { contentType } = this.#registry;
    return { status: 200, headers: { 'content-type': contentType }, body: await this.#registry.metrics() };
  }

  async request(
    { name }: ObservedCall,
    _request: unknown,
    run: () => Promise<ServiceResponse>,
  ): Promise<ServiceResponse> {
    const end = this.#requests.startTimer({ call: name });
    const response = await run();
    end({ status: response.status });
    return response;
  }

  unauthorized(): void {
    this.#unauthorized.inc();
  }

  async backend({ name: method, signal }: ObservedMethod, run: () => Promise<unknown>): Promise<unknown> {
    const end = this.#backendCalls.startTimer({ method });
    this.#backendRunning.inc({ method });
    let outcome = 'ok';
    try {
      return await run();
    } catch (error) {
      if (error instanceof ServiceError && error.refused) outcome = 'refused';
      else outcome = signal?.aborted === true ? 'aborted' : 'failed';
      throw error;
    } finally {
      this.#backendRunning.dec({ method });
      end({ outcome });
    }
  }

  /** The same in every replica, since the replicas share the store. Without an answer of the store they are left out. */
  #registerCounts(counts: StoreCounts, inBackground: boolean): void {
    const registers = [this.#registry];
    new Gauge({
      name: 'tsuru_service_store_up',
      help: 'Whether the store answered the latest scrape (1) or not (0).',
      registers,
      async collect() {
        this.set((await counts.read()) === undefined ? 0 : 1);
      },
    });
    new Gauge({
      name: 'tsuru_service_instances',
      help: 'Instances in the store, by state.',
      labelNames: ['state'],
      registers,
      async collect() {
        this.reset();
        for (const [state, count] of Object.entries((await counts.read()) ?? {})) this.set({ state }, count);
      },
    });
    new Gauge({
      name: 'tsuru_service_background_creations',
      help: 'Creations in the background that wait in the queue or run.',
      registers,
      async collect() {
        const found = await counts.read();
        if (found === undefined) this.remove();
        else this.set(inBackground ? found.pending : 0);
      },
    });
  }
}
