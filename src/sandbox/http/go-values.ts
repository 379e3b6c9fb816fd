import type { Json } from '../records.ts';

/** A value with the members of objects in the order that Go writes maps in: sorted, at every level. */
export function sortedByKey(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortedByKey);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, item]) => [key, sortedByKey(item)]));
}

/**
 * Whether a value that was recorded is the given one as Go's `reflect.DeepEqual` sees it: a list never is, as it has another type
 * once it was in the database.
 */
export function isSame(recorded: Json, given: Json): boolean {
  if (Array.isArray(recorded) || Array.isArray(given)) return false;
  if (recorded === null || given === null || typeof recorded !== 'object' || typeof given !== 'object') return recorded === given;
  const [keys, others] = [Object.keys(recorded), Object.keys(given)];
  return keys.length === others.length && keys.every((key) => Object.hasOwn(given, key) && isSame(recorded[key] ?? null, given[key] ?? null));
}
