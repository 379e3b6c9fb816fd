import { ServiceError } from './errors.js';
import { emptyObject, isObject, MAX_DEPTH, type JsonObject, type JsonValue } from './values.js';

/**
 * Rebuilds `parameters` from the flat fields of a form: `parameters.a.b=1` becomes `{a: {b: '1'}}`, and
 * `parameters.l.0=x` becomes `{l: ['x']}`. A `.` or `\` inside a key is escaped by a `\`.
 *
 * A form has no types: every value is a string, and false, 0, null and an empty list or object are all `''`. The keys
 * 0, 1, 2, ... become a list, since Tsuru encodes lists that way. Tsuru sends a stray `parameters.=` for an empty
 * object; it is ignored. Square brackets are ordinary characters.
 *
 * @param fields the name, without the prefix `parameters.`, and the value of each form field
 * @throws ServiceError 400 for a name given twice, a value and an object under one name, or too deep a nesting
 */
export function unflatten(fields: Iterable<readonly [string, string]>): JsonObject {
  const root = emptyObject();
  for (const [flat, value] of fields) {
    if (flat === '' && value === '') continue;
    const path = splitKey(flat);
    if (path.length > MAX_DEPTH) throw conflict(flat, `nests deeper than ${MAX_DEPTH} levels`);
    const last = path.pop() as string;
    let node: JsonObject = root;
    for (const key of path) {
      const child = (node[key] ??= emptyObject());
      if (!isObject(child)) throw conflict(flat, 'is both a value and an object');
      node = child;
    }
    if (Object.hasOwn(node, last)) {
      throw conflict(flat, isObject(node[last]) ? 'is both a value and an object' : 'is given twice');
    }
    node[last] = value;
  }
  for (const key of Object.keys(root)) root[key] = listsFromIndexes(root[key] as JsonValue);
  return root;
}

function splitKey(flat: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let index = 0; index < flat.length; index++) {
    const character = flat.charAt(index);
    if (character === '\\' && index + 1 < flat.length) {
      part += flat.charAt(++index);
    } else if (character === '.') {
      parts.push(part);
      part = '';
    } else {
      part += character;
    }
  }
  parts.push(part);
  return parts;
}

function listsFromIndexes(value: JsonValue): JsonValue {
  if (!isObject(value)) return value;
  const keys = Object.keys(value);
  for (const key of keys) value[key] = listsFromIndexes(value[key] as JsonValue);
  const isList = keys.every((_, index) => Object.hasOwn(value, String(index)));
  return isList ? keys.map((_, index) => value[String(index)] as JsonValue) : value;
}

function conflict(flat: string, what: string): ServiceError {
  return new ServiceError(400, `The parameter "${flat.slice(0, 100)}" ${what}.`);
}
