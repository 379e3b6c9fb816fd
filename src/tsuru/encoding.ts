/** How a service takes the bodies of calls; it is fixed when the service is registered. */
export type Encoding = 'form' | 'json';

/** The value of a parameter; the `tsuru` command sends texts only. */
export type ParameterValue = string | number | boolean | null | ParameterValue[] | { [key: string]: ParameterValue };

export interface ParameterMap {
  [key: string]: ParameterValue;
}

/** The fields of a body, in their order. */
export type Fields = [
  formName: string,
  jsonName: string,
  value: string | readonly string[],
  whenEmpty: 'sent' | 'left out',
][];

export const CONTENT_TYPE: Record<Encoding, string> = {
  form: 'application/x-www-form-urlencoded',
  json: 'application/json',
};

/** A body, byte for byte as Tsuru writes it. */
export function encodeBody(encoding: Encoding, fields: Fields, parameters: ParameterMap): string {
  const sent = fields.filter(([, , value, whenEmpty]) => whenEmpty === 'sent' || value.length > 0);
  return encoding === 'form' ? formBody(sent, parameters) : jsonBody(sent, parameters);
}

function formBody(fields: Fields, parameters: ParameterMap): string {
  const pairs = fields.flatMap(([name, , value]) =>
    (typeof value === 'string' ? [value] : value).map((text): [string, string] => [name, text]),
  );
  const sorted = [...pairs, ...formParameters(parameters)].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  // Go escapes the star, and not the tilde.
  return new URLSearchParams(sorted).toString().replaceAll('*', '%2A').replaceAll('%7E', '~');
}

/**
 * Flattens parameters for a form ("Form encoding of `parameters`" in the contract): keys are joined by dots, list items go by
 * their index, and every empty value is `''`.
 */
export function formParameters(value: ParameterValue, prefix = 'parameters'): [string, string][] {
  if (value === null || value === false || value === 0) return [[prefix, '']];
  if (typeof value !== 'object') return [[prefix, typeof value === 'number' ? goNumber(value) : String(value)]];
  const entries = Object.entries(value);
  if (entries.length === 0) return prefix === 'parameters' ? [] : [[prefix, '']];
  return entries.flatMap(([key, item]) => formParameters(item, `${prefix}.${key.replace(/[\\.]/g, '\\$&')}`));
}

/** A number as Go prints it: with an exponent from a million on. */
export function goNumber(value: number): string {
  const [digits = '', exponent] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

function jsonBody(fields: Fields, parameters: ParameterMap): string {
  const members = fields.map(([, name, value]) => `${JSON.stringify(name)}:${goString(value)}`);
  // The app of a bind stands before its parameters, all else too.
  const at = fields[0]?.[1] === 'appName' ? 1 : members.length;
  if (Object.keys(parameters).length > 0) members.splice(at, 0, `"parameters":${goString(sortedKeys(parameters))}`);
  return `{${members.join(',')}}\n`;
}

/** The same value with the keys of its objects in the order in which Go writes maps. */
export function sortedKeys<Value extends ParameterValue>(value: Value): Value {
  if (Array.isArray(value)) return value.map(sortedKeys) as Value;
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, item]) => [key, sortedKeys(item)])) as Value;
}

/** Go escapes `<`, `>`, `&` and the two line separators of Unicode in JSON. */
function goString(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
