import { pathBelow, withoutPassword } from '../tsuru/access.ts';
import type { Reply } from '../tsuru/http.ts';
import { GENERATOR_VERSION } from './report/generator.ts';
import { labelOf, type CheckRun } from './result.ts';
import type { Sent } from './sent.ts';
import type { CheckedService } from './session.ts';

/** A call, and when it was made. */
export interface TimedCall {
  sent: Sent;
  started: Date;
}

/**
 * Calls as an HTTP Archive (HAR 1.2), which browsers and other tools open: in the order of their start, each with the check
 * that made it as its comment. A redirect that was followed is an entry of its own, of no duration. The password is left out.
 */
export function toHar(calls: readonly TimedCall[], run: CheckRun, service: CheckedService): string {
  const makers = new Map(
    run.results.flatMap(({ check, encoding, sent }) => sent.map((one) => [one, labelOf(check.id, encoding)] as const)),
  );
  const entries = calls
    .toSorted((a, b) => Number(a.started) - Number(b.started))
    .flatMap((call) => entriesOf(call, service).map((entry) => ({ ...entry, ...commentOf(makers.get(call.sent)) })));
  const log = { version: '1.2', creator: { name: 'create-tsuru-service', version: GENERATOR_VERSION }, entries };
  const clean = (_key: string, value: unknown) => (typeof value === 'string' ? withoutPassword(value, service) : value);
  return `${JSON.stringify({ log }, clean, 2)}\n`;
}

function commentOf(maker: string | undefined): { comment?: string } {
  return maker === undefined ? {} : { comment: maker };
}

/** What HAR has of a message that is not known. */
const UNKNOWN = { httpVersion: 'HTTP/1.1', cookies: [], headersSize: -1 };

function entriesOf({ sent: { exchange, authorization }, started }: TimedCall, service: CheckedService) {
  const { request, reply, failure, hops, milliseconds } = exchange;
  const first = { method: request.method, url: service.address.origin + pathBelow(service.address, request.path) };
  const requests = [first, ...hops.flatMap(({ method, url }) => (url === undefined ? [] : [{ method, url }]))];
  const replies = [
    ...hops.map(({ status, location }) => responseOf({ status, headers: { location }, body: Buffer.alloc(0) })),
    responseOf(reply, failure),
  ];
  const headers = Object.entries({ ...request.headers, ...(authorization !== undefined && { Authorization: '***' }) });
  const body = request.body ?? '';
  return requests.map(({ method, url }, index) => {
    const hasBody = request.body !== undefined && method === request.method;
    const time = index === requests.length - 1 ? milliseconds : 0;
    return {
      startedDateTime: started.toISOString(),
      time,
      request: {
        ...{ method, url, ...UNKNOWN },
        headers: headers.flatMap(([name, value]) => [value].flat().map((text) => ({ name, value: text }))),
        queryString: [...new URLSearchParams(/\?(.*)/.exec(url)?.[1])].map(([name, value]) => ({ name, value })),
        bodySize: hasBody ? Buffer.byteLength(body) : 0,
        ...(hasBody && { postData: { mimeType: String(request.headers['Content-Type'] ?? ''), text: body } }),
      },
      response: replies[index],
      cache: {},
      timings: { send: 0, wait: time, receive: 0 },
    };
  });
}

/** A missing reply has the status 0, and its reason in `_error`, as browsers write it. */
function responseOf(reply: Pick<Reply, 'status' | 'headers' | 'body'> | undefined, failure?: string) {
  const { status, headers, body } = reply ?? { status: 0, headers: {}, body: Buffer.alloc(0) };
  const text = body.toString('utf8');
  const isText = Buffer.from(text).equals(body);
  return {
    ...{ status, statusText: '', ...UNKNOWN },
    headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
    content: {
      ...{ size: body.length, mimeType: headers['content-type'] ?? '' },
      ...(isText ? { text } : { text: body.toString('base64'), encoding: 'base64' }),
    },
    redirectURL: headers['location'] ?? '',
    bodySize: body.length,
    ...(failure !== undefined && { _error: failure }),
  };
}
