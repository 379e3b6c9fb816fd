import type { InstanceData, Variables } from './backend.js';
import { ServiceError } from './errors.js';
import { isObject, MAX_DEPTH, withoutPrototypes, type JsonValue } from './values.js';

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The variables that a backend returned. Tsuru fails a bind whose answer is not one object of strings, and never unbinds it, so such
 * an answer never leaves.
 * @throws ServiceError 500 that names what is wrong
 */
export function checkVariables(variables: unknown): Variables {
  const json = asJson(variables);
  const problem = variablesProblem(json);
  if (problem !== undefined) {
    throw new ServiceError(500, `The service's backend returned variables that Tsuru cannot take: ${problem}.`);
  }
  return { ...(json as Variables) };
}

function variablesProblem(variables: unknown): string | undefined {
  if (!isObject(variables)) return 'not an object of names and values';
  for (const [name, value] of Object.entries(variables)) {
    if (!VARIABLE_NAME.test(name)) {
      return `the name ${JSON.stringify(name.slice(0, 100))} is not one of letters, digits and "_"`;
    }
    if (typeof value !== 'string') return `the value of ${name} is not a string`;
  }
  return undefined;
}

/**
 * What the store keeps of what a backend returned: as JSON, since that is how it comes back.
 * @throws ServiceError 500 for what could be written, and never read again
 */
export function dataOf(returned: InstanceData | void, before: InstanceData): InstanceData {
  if (returned === undefined) return before;
  const data = asJson(returned);
  if (isObject(data)) return data;
  const problem = `must be an object as JSON has it, of ${MAX_DEPTH} levels at most`;
  throw new ServiceError(500, `The service's backend returned data that cannot be kept: it ${problem}.`);
}

/** A value as it comes back from JSON; undefined for what does not. */
function asJson(value: unknown): JsonValue | undefined {
  try {
    return withoutPrototypes(JSON.parse(JSON.stringify(value)));
  } catch {
    return undefined;
  }
}
