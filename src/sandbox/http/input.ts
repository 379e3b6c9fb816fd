import { goNumber } from '../../tsuru/encoding.ts';
import type { Json } from '../records.ts';
import { ApiError } from './answer.ts';
import { multipartValues } from './multipart.ts';
import type { ApiRequest } from './request.ts';
import { add, parseValues, type Values } from './values.ts';

/** What a request asks for, from JSON or from a form; names are found whatever their case is. */
export interface Input {
  /** `''` if it is missing. */
  text: (name: string) => string;
  isTrue: (name: string) => boolean;
  /** Null if it is missing. */
  texts: (name: string) => string[] | null;
  /** An object, null if it is missing: of a form, the fields below `NAME.`. */
  object: (name: string) => Record<string, Json> | null;
  /** The value as it is in JSON, or undefined. */
  value: (name: string) => Json | undefined;
}

const WITH_A_BODY = ['POST', 'PUT', 'PATCH'];

/** The fields of a request's body and query, the body first; those of its route begin with `:` (Go's `Request.Form`). */
export function formOf(request: ApiRequest): Values {
  const { method, contentType, body, params, route, version, query } = request;
  const hasBody = WITH_A_BODY.includes(method);
  const form = !hasBody ? new Map<string, string[]>() : /^multipart\//.test(contentType) ? multipartValues(request) : contentType === FORM ? parseValues(body.toString()) : new Map<string, string[]>();
  const own = { 'mux-path-template': route, ...(version !== '' && { version }), ...params };
  for (const [name, value] of Object.entries(own)) add(form, `:${name}`, value);
  for (const [name, values] of query) for (const value of values) add(form, name, value);
  return form;
}

const FORM = 'application/x-www-form-urlencoded';
export const JSON_TYPE = 'application/json';

/** Reads what a request asks for. @throws ApiError with 400 for JSON that cannot be parsed */
export function inputOf(request: ApiRequest): Input {
  return request.contentType === JSON_TYPE ? jsonInput(request) : formInput(formOf(request));
}

/** The values of one field, by its exact name, or undefined if it is missing (tsuru/api `InputValues`). */
export function inputValues(request: ApiRequest, name: string): string[] | undefined {
  const values = formOf(request).get(name);
  if (request.contentType !== JSON_TYPE) return values;
  const value = parsedOrNothing(request)[name];
  if (value === undefined) return values;
  return [...(values ?? []), ...(Array.isArray(value) ? value.map(goText) : [goText(value)])];
}

/** All fields of a request for its event, sorted by name; those of `secrets` are starred (tsuru/api `InputFields`). */
export function fieldsOf(request: ApiRequest, secrets: readonly string[] = []): { name: string; value: Json }[] {
  const fields = formOf(request);
  if (request.contentType === JSON_TYPE) {
    for (const [name, value] of flattened(parsedOrNothing(request))) add(fields, name, value);
  }
  return [...fields]
    .map(([name, values]) => ({ name, value: secrets.includes(name) ? '*****' : values.length === 1 ? (values[0] ?? '') : values }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function jsonInput(request: ApiRequest): Input {
  const parsed = parsedBody(request);
  const members = Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name.toLowerCase(), value]));
  const value = (name: string): Json | undefined => members[name.toLowerCase()];
  return {
    value,
    text: (name) => goText(value(name) ?? ''),
    isTrue: (name) => value(name) === true,
    texts(name) {
      const list = value(name);
      return Array.isArray(list) ? list.map(goText) : null;
    },
    object(name) {
      const object = value(name);
      return isObject(object) ? object : null;
    },
  };
}

function formInput(form: Values): Input {
  const names = [...form.keys()];
  const found = (name: string): string[] | undefined => {
    const key = form.has(name) ? name : names.find((other) => other.toLowerCase() === name.toLowerCase());
    return key === undefined ? undefined : form.get(key);
  };
  const below = (name: string): [string, string][] =>
    [...form].flatMap(([key, [value = '']]) =>
      key.toLowerCase().startsWith(`${name.toLowerCase()}.`) ? [[key.slice(name.length + 1), value] as [string, string]] : [],
    );
  return {
    value: (name) => found(name)?.[0],
    text: (name) => found(name)?.[0] ?? '',
    isTrue: (name) => ['true', '1', 't', 'T', 'TRUE', 'True', 'on'].includes(found(name)?.[0] ?? ''),
    texts(name) {
      const indexed = below(name).map(([, value]) => value);
      return found(name) ?? (indexed.length > 0 ? indexed : null);
    },
    object(name) {
      const entries = below(name);
      return entries.length === 0 ? null : nested(entries);
    },
  };
}

/** Builds an object from keys that are joined by dots; `\` takes the meaning from a dot. */
function nested(entries: readonly [string, string][]): Record<string, Json> {
  const root = Object.create(null) as Record<string, Json>;
  for (const [path, value] of entries) {
    const keys = (path.match(/(?:\\.|[^.\\])+/g) ?? []).map((key) => key.replace(/\\(.)/g, '$1'));
    const last = keys.pop();
    if (last === undefined) continue;
    let target = root;
    for (const key of keys) {
      const next = target[key];
      target = isObject(next) ? next : (target[key] = Object.create(null) as Record<string, Json>);
    }
    target[last] = value;
  }
  return root;
}

/** The fields of a form for a value in JSON. */
function flattened(value: Json, prefix = ''): [string, string][] {
  if (value === null || typeof value !== 'object') return [[prefix, goText(value)]];
  return Object.entries(value).flatMap(([key, item]) => flattened(item, prefix === '' ? key : `${prefix}.${key}`));
}

function parsedBody({ body }: ApiRequest): Record<string, Json> {
  if (body.length === 0) return {};
  try {
    const parsed = JSON.parse(body.toString()) as Json;
    return isObject(parsed) ? parsed : {};
  } catch (error) {
    throw new ApiError(400, `unable to parse as json: ${JSON.stringify(body.toString())} - ${jsonError(body.toString(), error)}`);
  }
}

function parsedOrNothing(request: ApiRequest): Record<string, Json> {
  try {
    return parsedBody(request);
  } catch {
    return {};
  }
}

/** The reason in Go's words, where it is the usual one. */
function jsonError(text: string, error: unknown): string {
  if (/end of JSON input|Unterminated|Expected .* after|Expected property/.test(String(error)) && !/[}\]"]\s*$/.test(text)) return 'unexpected end of JSON input';
  const [, position] = /position (\d+)/.exec(String(error)) ?? [];
  const sign = position === undefined ? undefined : text[Number(position)];
  return sign === undefined ? 'unexpected end of JSON input' : `invalid character '${sign}' looking for beginning of value`;
}

function isObject(value: unknown): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as Go prints it. */
function goText(value: Json): string {
  if (value === null) return '<nil>';
  if (typeof value === 'number') return goNumber(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
