import pg from 'pg';

/** Utility statements take no parameters, so names and texts are quoted by the driver. */
export const { escapeIdentifier: name, escapeLiteral: text } = pg;

/** @throws RangeError for anything but a whole number, since it becomes part of a statement */
export function number(value: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a whole number`);
  return String(value);
}
