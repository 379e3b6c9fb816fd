import type { z } from 'zod';

import type { InstanceData, Variables } from './backend.js';
import { ServiceError } from './errors.js';
import { parseWith } from './schema.js';
import { isObject, MAX_DEPTH, withoutPrototypes, type JsonValue } from './values.js';

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Checks the variables that a backend returned. Tsuru fails a bind whose response is not one object of strings, and
 * never unbinds it, so such a response must not be sent.
 * @throws ServiceError 500 that names the problem
 */
export function checkVariables(variables: unknown): Variables {
  const json = asJson(variables);
  const problem = variablesProblem(json);
  if (problem !== undefined) {
    throw new ServiceError(500, `The service's backend returned variables that Tsuru cannot read: ${problem}.`);
  }
  return { ...(json as Variables) };
}

function variablesProblem(variables: unknown): string | undefined {
  if (!isObject(variables)) return 'not an object of names and values';
  for (const [name, value] of Object.entries(variables)) {
    if (!VARIABLE_NAME.test(name)) {
      return `the name ${JSON.stringify(name.slice(0, 100))} has characters other than letters, digits and "_", or starts with a digit`;
    }
    if (typeof value !== 'string') return `the value of ${name} is not a string`;
  }
  return undefined;
}

/**
 * Checks the data that a backend returned, and returns it in the form in which the store gives it back, as plain JSON.
 * @param previous kept when the backend returned nothing
 * @throws ServiceError 500 when the data is not a JSON object, nests too deep to be read again, or does not match the
 *   schema
 */
export function checkData(
  schema: z.ZodType<object> | undefined,
  returned: object | void,
  previous: InstanceData,
): InstanceData {
  const data = returned === undefined ? previous : asJson(returned);
  if (!isObject(data)) throw notKept(`it must be a JSON object of at most ${MAX_DEPTH} levels`);
  const { problem } = schema ? parseWith(schema, data) : {};
  if (problem !== undefined) throw notKept(problem);
  return data;
}

function notKept(problem: string): ServiceError {
  return new ServiceError(500, `The service's backend returned data that cannot be kept: ${problem}.`);
}

/** A value after a round trip through JSON; undefined when it does not survive it. */
function asJson(value: unknown): JsonValue | undefined {
  try {
    return withoutPrototypes(JSON.parse(JSON.stringify(value)));
  } catch {
    return undefined;
  }
}
