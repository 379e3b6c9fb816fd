/** A JSON value. Objects from the wire have no prototype, so `__proto__` is a key like any other. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/** Levels of nesting: far more than any real value has, far fewer than the stack holds. */
export const MAX_DEPTH = 64;

/** An object without a prototype. V8 makes `Object.create(null)` ten times as slow: a dictionary for each object. */
export function emptyObject(): JsonObject {
  return Object.setPrototypeOf({}, null) as JsonObject;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Removes the prototypes of all objects in a fresh value from JSON.parse, in place.
 * @throws RangeError when it nests deeper than {@link MAX_DEPTH}
 */
export function withoutPrototypes(value: unknown, depth = 0): JsonValue {
  if (depth > MAX_DEPTH) throw new RangeError(`nested deeper than ${MAX_DEPTH} levels`);
  if (typeof value !== 'object' || value === null) return value as JsonValue;
  const isList = Array.isArray(value);
  if (!isList) Object.setPrototypeOf(value, null);
  for (const item of isList ? value : Object.values(value)) withoutPrototypes(item, depth + 1);
  return value as JsonValue;
}

/**
 * Finds a number that was rounded or became infinite in parsing: an integer beyond 2^53, or `1e400`.
 * @returns its path, such as `parameters.sizes.0`, or `''` for the value itself; undefined when all numbers are exact
 */
export function inexactNumber(value: JsonValue): string | undefined {
  return pathOfInexact(value)?.reverse().join('.');
}

/** The keys of its path, the last one first. */
function pathOfInexact(value: JsonValue): string[] | undefined {
  if (typeof value === 'number') {
    const isExact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
    return isExact ? undefined : [];
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const path = pathOfInexact(value[index] as JsonValue);
      if (path !== undefined) return [...path, String(index)];
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    const path = pathOfInexact(value[key] as JsonValue);
    if (path !== undefined) return [...path, key];
  }
  return undefined;
}

/** Whether two JSON values are equal. The order of keys does not matter. */
export function sameJson(a: JsonValue, b: JsonValue): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameJson(item, b[index] as JsonValue));
  }
  if (isObject(a) && isObject(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key] as JsonValue, b[key] as JsonValue))
    );
  }
  return a === b;
}
