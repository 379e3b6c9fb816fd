import { unreadable } from '../errors.ts';

/** Keys that reach a prototype when an object is used as a map. */
export const POISON: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/** @throws ExpectedError if a value from a file has one of those keys, at any depth */
export function refusePoison(value: unknown, file: string): void {
  // No recursion: a file can be nested deeper than the call stack.
  const left = [value];
  for (let item = left.pop(); item !== undefined; item = left.pop()) {
    if (typeof item !== 'object' || item === null) continue;
    for (const [key, inner] of Object.entries(item)) {
      if (POISON.includes(key)) throw unreadable(`${file}: the key "${key}" is not allowed.`, 'Remove it.');
      if (inner !== undefined) left.push(inner);
    }
  }
}
