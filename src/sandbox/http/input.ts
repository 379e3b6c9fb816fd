import { goSyntaxError } from '../../tsuru/go-json.ts';
import type { Json } from '../records.ts';
import { ApiError } from './answer.ts';
import { printed, quoted } from './go-text.ts';
import { multipartValues } from './multipart.ts';
import type { ApiRequest } from './request.ts';
import { add, isTrue, parseValues, type Values } from './values.ts';

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

/**
 * The fields of a request's body and query (Go's `Request.Form`): the query first if the body has several parts, last otherwise.
 * Those of its route begin with `:` and stand before the query.
 */
export function formOf(request: ApiRequest): Values {
  const { method, mediaType, body, params, route, version, query } = request;
  const hasBody = WITH_A_BODY.includes(method);
  const form: Values = new Map();
  const addAll = (values: Values) => {
    for (const [name, items] of values) for (const item of items) add(form, name, item);
  };
  if (hasBody && mediaType === FORM) addAll(parseValues(body.toString()));
  const own = { 'mux-path-template': route, ...(version !== '' && { version }), ...params };
  for (const [name, value] of Object.entries(own)) add(form, `:${name}`, value);
  addAll(query);
  if (hasBody && mediaType.startsWith('multipart/')) addAll(multipartValues(request));
  return form;
}

export const FORM = 'application/x-www-form-urlencoded';
export const JSON_TYPE = 'application/json';

/** Reads what a request asks for. @throws ApiError with 400 for JSON that cannot be parsed */
export function inputOf(request: ApiRequest): Input {
  return request.contentType === JSON_TYPE ? jsonInput(request) : formInput(formOf(request));
}

/** The values of one field, by its exact name, or undefined if it is missing (tsuru/api `InputValues`). */
export function inputValues(request: ApiRequest, name: string): string[] | undefined {
  const values = formOf(request).get(name);
  const value = request.contentType === JSON_TYPE ? parsedOrNothing(request)?.[name] : undefined;
  return value === undefined ? values : [...(values ?? []), ...printedValues(value)];
}

/** The first value of one field, or `''` (tsuru/api `InputValue`). */
export function inputValue(request: ApiRequest, name: string): string {
  return inputValues(request, name)?.[0] ?? '';
}

/**
 * All fields of a request for its event, sorted by name; those of `secrets` are starred (tsuru/api `InputFields`).
 *
 * @param handled fields of a form that Tsuru drops, and those that it has read by `inputValues`, once for each time: those of a
 *   body in JSON are kept twice then
 */
export function fieldsOf(
  request: ApiRequest,
  secrets: readonly string[] = [],
  { dropped = [], read = [] }: { dropped?: readonly string[]; read?: readonly string[] } = {},
): { name: string; value: Json }[] {
  const fields = formOf(request);
  if (request.contentType === JSON_TYPE) {
    const body = parsedOrNothing(request);
    if (body === undefined) return [];
    for (const name of read) {
      const value = body[name];
      if (value !== undefined) for (const item of printedValues(value)) add(fields, name, item);
    }
    for (const name of dropped) fields.delete(name);
    for (const [name, value] of flattened(body)) add(fields, name, value);
  } else {
    for (const name of dropped) fields.delete(name);
  }
  return [...fields]
    .map(([name, values]) => ({ name, value: secrets.includes(name) ? '*****' : values.length === 1 ? (values[0] ?? '') : values }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function printedValues(value: Json): string[] {
  return Array.isArray(value) ? value.map(printed) : [printed(value)];
}

function jsonInput(request: ApiRequest): Input {
  const parsed = parsedBody(request);
  const members = Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name.toLowerCase(), value]));
  const value = (name: string): Json | undefined => members[name.toLowerCase()];
  return {
    value,
    text: (name) => printed(value(name) ?? ''),
    isTrue: (name) => value(name) === true,
    texts(name) {
      const list = value(name);
      return Array.isArray(list) ? list.map(printed) : null;
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
    value: (name) => found(name)?.at(-1),
    text: (name) => found(name)?.at(-1) ?? '',
    isTrue: (name) => isTrue(found(name)?.at(-1) ?? ''),
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

/** The fields of a form for a value in JSON; what is empty, zero or false is `''`. */
function flattened(value: Json, prefix = ''): [string, string][] {
  const members = value !== null && typeof value === 'object' ? Object.entries(value) : [];
  if (members.length === 0) return [[prefix, typeof value === 'object' || !value ? '' : printed(value)]];
  const before = prefix === '' ? '' : `${prefix}.`;
  return members.flatMap(([key, item]) => flattened(item, before + key.replace(/[\\.]/g, '\\$&')));
}

function parsedBody({ body }: ApiRequest): Record<string, Json> {
  if (body.length === 0) return {};
  const problem = goSyntaxError(body);
  if (problem !== undefined) throw new ApiError(400, `unable to parse as json: ${quoted(body.toString())} - ${problem}`);
  const parsed = JSON.parse(body.toString()) as Json;
  return isObject(parsed) ? parsed : {};
}

/** Undefined for a body that has no object, or is empty. */
function parsedOrNothing({ body }: ApiRequest): Record<string, Json> | undefined {
  if (goSyntaxError(body) !== undefined) return undefined;
  const parsed = JSON.parse(body.toString()) as Json;
  return parsed === null ? {} : isObject(parsed) ? parsed : undefined;
}

function isObject(value: unknown): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
