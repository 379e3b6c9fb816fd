import {
  context,
  diag,
  DiagLogLevel,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_SERVICE_NAME,
  ATTR_URL_PATH,
  ATTR_URL_SCHEME,
} from '@opentelemetry/semantic-conventions';

import { oneLine } from '../errors.js';
import type { Log, ServiceResponse } from '../http.js';
import type { Observer } from '../observer.js';

/** Milliseconds that a stop waits for the collector. */
const FLUSH_LIMIT = 2_000;
/** Milliseconds after that until the process ends, whatever the exporter does. */
const LAST_MOMENT = 500;
/** Milliseconds between two lines in the log about a collector that is down. */
const COMPLAINT_INTERVAL = 60_000;
const MAX_COMPLAINT = 512;

/**
 * Starts to send traces, as OpenTelemetry's own variables say. Spans are sent in the background, in batches; those that
 * a slow collector does not take are dropped. The tracer is also the global one, for spans of the backend's own.
 *
 * No span holds a body, a query, a header or the text of an error: any of them may hold a secret.
 * @param service its id in Tsuru; the name of the traces' service unless OTEL_SERVICE_NAME gives another
 */
export function startTracing(service: string, log: Log): { observer: Observer; stop(): Promise<void> } {
  diag.setLogger(complaints(log), DiagLogLevel.WARN);
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: service }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  return {
    observer: new Tracing(provider.getTracer('tsuru-service')),
    async stop() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), FLUSH_LIMIT);
      });
      const sent = provider.shutdown().catch((error: unknown) => {
        log.warn({ err: error }, 'could not send the last traces');
      });
      const outcome = await Promise.race([sent, late]);
      clearTimeout(timer);
      if (outcome !== 'late') return;
      log.warn('gave up sending the last traces');
      // The exporter cannot be interrupted: its retries would keep the process alive.
      setTimeout(() => process.exit(), LAST_MOMENT).unref();
    },
  };
}

class Tracing implements Observer {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  request(...[call, request, run]: Parameters<Observer['request']>): Promise<ServiceResponse> {
    // Health checks and scrapes come every few seconds.
    if (call.name === 'healthcheck' || call.name === 'metrics') return run();
    const attributes = {
      [ATTR_HTTP_REQUEST_METHOD]: call.method,
      [ATTR_HTTP_ROUTE]: call.route,
      [ATTR_URL_PATH]: request.target.path,
      [ATTR_URL_SCHEME]: 'http',
      'tsuru.call': call.name,
    };
    const parent = propagation.extract(ROOT_CONTEXT, request.headers);
    return this.#tracer.startActiveSpan(
      `${call.method} ${call.route}`,
      { kind: SpanKind.SERVER, attributes },
      parent,
      async (span) => {
        const response = await run();
        span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, response.status);
        if (response.status >= 500) fail(span, String(response.status));
        span.end();
        return response;
      },
    );
  }

  unauthorized(): void {
    // It has no span: anyone could fill the collector.
  }

  backend(...[method, run]: Parameters<Observer['backend']>): Promise<unknown> {
    if (method.name === 'health') return run();
    const attributes = {
      'tsuru.backend.method': method.name,
      ...(method.instance !== undefined && { 'tsuru.instance.id': method.instance }),
    };
    return this.#tracer.startActiveSpan(`backend ${method.name}`, { attributes }, context.active(), async (span) => {
      try {
        return await run();
      } catch (error) {
        fail(span, error instanceof Error ? error.name : '_OTHER');
        throw error;
      } finally {
        span.end();
      }
    });
  }
}

function fail(span: Span, type: string): void {
  span.setAttribute(ATTR_ERROR_TYPE, type).setStatus({ code: SpanStatusCode.ERROR });
}

/** A logger for OpenTelemetry's own problems, which repeat with every batch. */
function complaints(log: Log) {
  let next = 0;
  const complain = (message: string) => {
    if (performance.now() < next) return;
    next = performance.now() + COMPLAINT_INTERVAL;
    log.warn({ reason: oneLine(message, MAX_COMPLAINT) }, 'traces are not being sent');
  };
  const ignore = () => {};
  return { error: complain, warn: complain, info: ignore, debug: ignore, verbose: ignore };
}
