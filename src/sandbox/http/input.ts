import { goSyntaxError } from '../../tsuru/go-json.ts';
import type { Json } from '../state/records.ts';
import { printed } from './go-text.ts';
import { multipartValues } from './multipart.ts';
import type { ApiRequest } from './request.ts';
import { add, parseValues, type FieldValues } from './values.ts';

const WITH_A_BODY = ['POST', 'PUT', 'PATCH'];

/**
 * The fields of a request's body and query (Go's `Request.Form`): the query first if the body has several parts, last otherwise.
 * Those of its route begin with `:` and stand before the query.
 */
export function formOf(request: ApiRequest): FieldValues {
  const { method, mediaType, body, params, route, version, query } = request;
  const hasBody = WITH_A_BODY.includes(method);
  const form: FieldValues = new Map();
  const addAll = (values: FieldValues) => {
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

/** Whether a request has a field, whatever the case of its name is; null is none. */
export function hasField(request: ApiRequest, name: string): boolean {
  const isMeant = (other: string) => other.toLowerCase() === name.toLowerCase();
  if (request.contentType !== JSON_TYPE) return [...formOf(request).keys()].some(isMeant);
  return Object.entries(parsedOrNothing(request) ?? {}).some(([other, value]) => isMeant(other) && value !== null);
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

/** The tags of a request, with those of the old field; null if there are neither. */
export function tagsOf(request: ApiRequest, given: string[] | null): string[] | null {
  const old = inputValues(request, 'tag') ?? [];
  return given === null && old.length === 0 ? null : [...(given ?? []), ...old];
}

/**
 * All fields of a request for its event, sorted by name; those of `secrets` are starred (tsuru/api `InputFields`).
 *
 * @param handled fields of a form that Tsuru drops, and those that it has read by `inputValues`, once for each time: those of a
 *   body in JSON are kept twice then
 */
export function fieldsOf(
  request: ApiRequest,
  { secrets = [], dropped = [], read = [] }: { secrets?: readonly string[]; dropped?: readonly string[]; read?: readonly string[] } = {},
): { name: string; value: string | string[] }[] {
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

/** The fields of a form for a value in JSON; what is empty, zero or false is `''`. */
function flattened(value: Json, prefix = ''): [string, string][] {
  const members = value !== null && typeof value === 'object' ? Object.entries(value) : [];
  if (members.length === 0) return [[prefix, typeof value === 'object' || !value ? '' : printed(value)]];
  const before = prefix === '' ? '' : `${prefix}.`;
  return members.flatMap(([key, item]) => flattened(item, before + key.replace(/[\\.]/g, '\\$&')));
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
