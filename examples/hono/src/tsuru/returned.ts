import type { InstanceData, Variables } from './backend.js';
import { messageOf, ServiceError } from './errors.js';
import { isObject, withoutPrototypes } from './values.js';

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The variables that a backend returned. Tsuru fails a bind whose answer is not one object of strings, and never unbinds it, so such
 * an answer never leaves.
 * @throws ServiceError 500 that names what is wrong
 */
export function checkVariables(variables: unknown): Variables {
  const problem = variablesProblem(variables);
  if (problem !== undefined) {
    throw new ServiceError(500, `The service's backend returned variables that Tsuru cannot take: ${problem}.`);
  }
  return variables as Variables;
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
  try {
    const data = withoutPrototypes(JSON.parse(JSON.stringify(returned)));
    if (isObject(data)) return data;
    throw new TypeError('not an object');
  } catch (error) {
    const problem = `The service's backend returned data that cannot be kept: ${messageOf(error)}.`;
    throw new ServiceError(500, problem, {}, { cause: error });
  }
}
