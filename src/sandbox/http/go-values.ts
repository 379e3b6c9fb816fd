import type { Json } from '../state/records.ts';

/**
 * Whether a value that was recorded is the given one as Go's `reflect.DeepEqual` sees it: a list never is, as it has another type
 * once it was in the database.
 */
export function isDeepEqual(recorded: Json, given: Json): boolean {
  if (Array.isArray(recorded) || Array.isArray(given)) return false;
  if (recorded === null || given === null || typeof recorded !== 'object' || typeof given !== 'object') return recorded === given;
  const [keys, others] = [Object.keys(recorded), Object.keys(given)];
  return keys.length === others.length && keys.every((key) => Object.hasOwn(given, key) && isDeepEqual(recorded[key] ?? null, given[key] ?? null));
}
