import type { z } from 'zod';

import { checkPercentEncoding, decodeText, parseJson } from './body.js';
import type { EndpointSchemas } from './endpoint.js';
import { ServiceError } from './errors.js';
import { header, type Headers } from './http.js';
import { parseWith } from './schema.js';
import type { JsonValue } from './values.js';

/** Fields of a form or a query. A repeated one is a list. */
export type FormFields = Record<string, string | string[]>;

/** The body of a request to an endpoint. With a schema, a body that does not match is a 400 that names the field. */
export interface EndpointBody {
  readonly bytes: Uint8Array;
  /** @throws ServiceError 400 when it is not UTF-8 */
  text(): string;
  /** @throws ServiceError 400 when it is not JSON, or has a number that JavaScript would round */
  json(): JsonValue;
  json<T>(schema: z.ZodType<T>): T;
  /** @throws ServiceError 400 when it is not percent-encoded UTF-8 */
  form(): FormFields;
  form<T>(schema: z.ZodType<T>): T;
}

export function bodyOf(bytes: Uint8Array): EndpointBody {
  const text = () => decodeText(bytes);
  function json(): JsonValue;
  function json<T>(schema: z.ZodType<T>): T;
  function json(schema?: z.ZodType): unknown {
    return checked(schema, parseJson(text()), 'body');
  }
  function form(): FormFields;
  function form<T>(schema: z.ZodType<T>): T;
  function form(schema?: z.ZodType): unknown {
    const encoded = text();
    checkPercentEncoding(encoded);
    return checked(schema, fieldsOf(new URLSearchParams(encoded)), 'body');
  }
  return { bytes, text, json, form };
}

/** The request with the parts that have a schema replaced by its output. @throws ServiceError 400 */
export function parseRequest<
  Request extends {
    headers: Headers;
    params: Readonly<Record<string, string>>;
    query: URLSearchParams;
    body: EndpointBody;
  },
>(request: Request, { params, query, body }: EndpointSchemas): Omit<Request, 'params' | 'query' | 'body'> {
  return {
    ...request,
    ...(params && { params: checked(params, request.params, 'path') }),
    ...(query && { query: checked(query, fieldsOf(request.query), 'query') }),
    ...(body && { body: isForm(request.headers) ? request.body.form(body) : request.body.json(body) }),
  };
}

function checked(schema: z.ZodType | undefined, value: unknown, part: string): unknown {
  if (schema === undefined) return value;
  const parsed = parseWith(schema, value);
  if (parsed.problem === undefined) return parsed.value;
  throw new ServiceError(400, `The ${part} is not valid. ${parsed.problem}.`);
}

function fieldsOf(given: URLSearchParams): FormFields {
  // A map, so that `__proto__` is a name like any other.
  const fields = new Map<string, string | string[]>();
  for (const name of given.keys()) {
    const values = given.getAll(name);
    fields.set(name, values.length === 1 ? (values[0] as string) : values);
  }
  return Object.fromEntries(fields);
}

function isForm(headers: Headers): boolean {
  return /^application\/x-www-form-urlencoded\s*(;|$)/i.test(header(headers, 'content-type') ?? '');
}
