import type { AnyBackend, Backend, Instance, Request, Variables } from '../../../src/tsuru/backend.js';
import type { AnyEndpoint } from '../../../src/tsuru/endpoint.js';
import { createLogger } from '../../../src/tsuru/log.js';
import { createService, type Service, type ServiceOptions } from '../../../src/tsuru/service.js';
import type { Store } from '../../../src/tsuru/store.js';
import { injector } from './inject.js';
import { call, CREDENTIALS, type TestRequest, type TestResponse } from './requests.js';
import { testStore } from './store.js';

type Method = Exclude<keyof Backend, 'data' | 'health' | 'close'>;

/** One call that a test backend received. */
export interface Asked {
  method: Method;
  request: Request & { app?: { name: string }; job?: { name: string }; secret?: string; previous?: unknown };
}

/** A backend that provisions nothing, records its calls, and can be made to fail or to wait. */
export class TestBackend implements Backend {
  readonly asked: Asked[] = [];
  /** Replacements for methods, such as one that fails. */
  readonly instead: { [Name in Method]?: (request: Request) => Promise<never> | Promise<unknown> } = {};

  create = (request: Request) => this.#take('create', request, { made: request.instance.name });
  update = (request: Request) => this.#take('update', request, undefined);
  destroy = (request: Request) => this.#take('destroy', request, undefined);
  bindApp = (request: Request & { secret: string }) => this.#take('bindApp', request, variables(request));
  unbindApp = (request: Request) => this.#take('unbindApp', request, undefined);
  bindJob = (request: Request & { secret: string }) => this.#take('bindJob', request, variables(request));
  unbindJob = (request: Request) => this.#take('unbindJob', request, undefined);

  /** The methods that were called, in order. */
  get methods(): Method[] {
    return this.asked.map(({ method }) => method);
  }

  async #take<Result>(method: Method, request: Request, result: Result): Promise<Result> {
    this.asked.push({ method, request });
    const other = this.instead[method];
    return other === undefined ? result : ((await other(request)) as Result);
  }
}

function variables({ secret, instance }: { secret: string; instance: Instance }): Variables {
  const { env_prefix: prefix } = instance.parameters;
  return { [`${typeof prefix === 'string' ? prefix : ''}PASSWORD`]: secret };
}

/** A service with its own plans, store and backend, independent of those of the project. */
export interface TestService<Tested extends AnyBackend = TestBackend> {
  service: Service;
  backend: Tested;
  store: Store;
  /** Sends a request through the app, without a socket. */
  send: (request: TestRequest) => Promise<TestResponse>;
  /** Sends a call as Tsuru does. */
  call: (...request: Parameters<typeof call>) => Promise<TestResponse>;
  /** Moves the clock forward, in milliseconds. */
  wait: (milliseconds: number) => void;
  /** The lines that were logged. */
  log: string[];
}

type TestOptions = Partial<ServiceOptions> & { endpoints?: AnyEndpoint[] };

/** A service with a {@link TestBackend}, or with the backend of the options, such as the real one. */
export function testService<Tested extends AnyBackend>(
  options: TestOptions & { backend: Tested },
): Promise<TestService<Tested>>;
export function testService(options?: TestOptions & { backend?: never }): Promise<TestService>;
export async function testService(options: TestOptions = {}): Promise<TestService<AnyBackend>> {
  const { backend = new TestBackend() } = options;
  const store = options.store ?? (await testStore());
  const log: string[] = [];
  let clock = Date.parse('2026-01-01T00:00:00Z');
  const service = createService({
    ...CREDENTIALS,
    service: 'my-service',
    basePath: '',
    provisioning: 'inline',
    multiCluster: false,
    refuseProxied: true,
    bodyLimit: 100_000,
    requestIdHeader: 'x-request-id',
    plans: [
      { name: 'small', description: '1 GB' },
      { name: 'large', description: '10 GB' },
    ],
    endpoints: [],
    store,
    log: createLogger('info', { write: (line) => void log.push(line) }),
    now: () => new Date(clock),
    ...options,
    backend,
  });
  const send = await injector(service);
  // Takes creations from the queue of a store that has one.
  if (store.coordination.isShared) await service.lifeCycle.resume();
  return {
    service,
    backend,
    store,
    send,
    call: (...request) => send(call(...request)),
    wait: (milliseconds) => {
      clock += milliseconds;
    },
    log,
  };
}

/** A promise, and the function that resolves it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Polls until a condition holds, for work that continues after a reply. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}
