import { z } from 'zod';

import { basicAuth } from './auth.js';
import type { Observer, Telemetry, TelemetryOptions } from './observer.js';

/** An empty variable counts as one that is not set. */
const optional = <T extends z.ZodType>(type: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), type.optional());

const environment = z.object({
  METRICS_PORT: optional(z.coerce.number({ error: 'must be a number' }).int().min(0).max(65535)),
  METRICS_PASSWORD: optional(z.string()),
});

/**
 * Starts the metrics and the traces that the environment asks for. What it does not ask for is not even loaded.
 * - `METRICS_PORT`: `GET /metrics` on a port of its own, without a password.
 * - `METRICS_PASSWORD`: `GET /metrics` on the service's port, for the user `metrics`.
 * - `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`: traces, by OTLP over HTTP.
 * @throws Error for an invalid variable, which it names, and for a port that is taken
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { variables, service, provisioning, config, store, log } = options;
  const { port, password } = settingsIn(options);
  const tracing = wantsTraces(variables)
    ? (await import('./telemetry/tracing.js')).startTracing(service, log)
    : undefined;
  if (port === undefined && password === undefined) return { ...tracing, stop: async () => tracing?.stop() };

  const { Metrics } = await import('./telemetry/metrics.js');
  const { listenForScrapes } = await import('./telemetry/metrics-server.js');
  const metrics = new Metrics(store, provisioning === 'background');
  const server = port === undefined ? undefined : await listenForScrapes(metrics, { host: config.host, port });
  if (server !== undefined) log.info({ metricsPort: Number(new URL(server.address).port) }, 'serving metrics');
  return {
    observer: tracing === undefined ? metrics : around(tracing.observer, metrics),
    ...(password !== undefined && {
      metrics: { authenticate: basicAuth('metrics', password), read: () => metrics.read() },
    }),
    stop: async () => {
      await Promise.all([server?.close(), tracing?.stop()]);
    },
  };
}

function settingsIn({ variables, config }: TelemetryOptions): { port?: number; password?: string } {
  const { data, error } = environment.safeParse(variables);
  const problems = (error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`);
  const { METRICS_PORT: port, METRICS_PASSWORD: password } = data ?? {};
  if (password !== undefined && [config.password, config.oldPassword].includes(password)) {
    problems.push('METRICS_PASSWORD must differ from SERVICE_PASSWORD and SERVICE_OLD_PASSWORD');
  }
  if (port === config.port && port !== 0) problems.push('METRICS_PORT must differ from PORT');
  if (problems.length === 0) return { ...(port !== undefined && { port }), ...(password !== undefined && { password }) };
  const lines = problems.map((problem) => `  ${problem}`).join('\n');
  throw new Error(`Set these in the environment or in .env (.env.example explains them):\n${lines}`);
}

/** By OpenTelemetry's specification, except that there is no default endpoint. */
function wantsTraces(variables: TelemetryOptions['variables']): boolean {
  const { OTEL_SDK_DISABLED = '', OTEL_TRACES_EXPORTER } = variables;
  if (OTEL_SDK_DISABLED.toLowerCase() === 'true' || OTEL_TRACES_EXPORTER === 'none') return false;
  return Boolean(variables['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || variables['OTEL_EXPORTER_OTLP_ENDPOINT']);
}

/** Both observers, the first one around the second. */
function around(outer: Observer, inner: Observer): Observer {
  return {
    request: (call, request, run) => outer.request(call, request, () => inner.request(call, request, run)),
    unauthorized() {
      outer.unauthorized();
      inner.unauthorized();
    },
    backend: (method, run) => outer.backend(method, () => inner.backend(method, run)),
  };
}
