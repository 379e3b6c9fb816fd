import type { z } from 'zod';

import { messageOf } from './errors.js';

/**
 * Parses a value with a schema.
 * @returns the parsed value; or the problem as the middle of a sentence, which names the fields and no value
 */
export function parseWith<T>(
  schema: z.ZodType<T>,
  value: unknown,
): { value: T; problem?: undefined } | { problem: string } {
  try {
    const result = schema.safeParse(value);
    return result.success ? { value: result.data } : { problem: problemsOf(result.error) };
  } catch (error) {
    // A transform of the schema may throw, and an asynchronous one does.
    return { problem: messageOf(error) };
  }
}

/** What a schema refused: `"size": must be a whole number; "zone": ...`. */
export function problemsOf({ issues }: z.ZodError): string {
  return issues
    .map(({ path, message }) => {
      const field = path.map(String).join('.');
      return field === '' ? message : `"${field}": ${message}`;
    })
    .join('; ');
}
