import { validateHeaderName, validateHeaderValue } from 'node:http';

import type { EndpointResponse } from './endpoint.js';
import { jsonResponse, type ServiceResponse } from './http.js';

/** Headers of a connection: copied from the response of another server, they would be wrong here. */
const CONNECTION_HEADERS = ['connection', 'content-length', 'keep-alive', 'trailer', 'transfer-encoding', 'upgrade'];
const WITHOUT_BODY = [204, 205, 304];

/** @throws Error for a response that cannot be sent; each web framework would handle it differently */
export function toServiceResponse({ status, headers, body }: EndpointResponse): ServiceResponse {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`an endpoint returned the status ${status}; it must be 200 to 599`);
  }
  const own = ownHeaders(headers);
  if (body === undefined || WITHOUT_BODY.includes(status)) return { status, headers: own };
  if (typeof body === 'string') {
    return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...own }, body };
  }
  if (body instanceof Uint8Array) {
    return { status, headers: { 'content-type': 'application/octet-stream', ...own }, body: new Uint8Array(body) };
  }
  const response = jsonResponse(status, body);
  return { ...response, headers: { ...response.headers, ...own } };
}

function ownHeaders(headers: EndpointResponse['headers'] = {}): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [given, value] of Object.entries(headers)) {
    validateHeaderName(given);
    validateHeaderValue(given, value);
    const name = given.toLowerCase();
    if (!CONNECTION_HEADERS.includes(name)) own[name] = value;
  }
  return own;
}
