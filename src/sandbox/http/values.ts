/** Fields of a query or a form, with all values of each name (Go's `url.Values`). */
export type FieldValues = Map<string, string[]>;

/**
 * Reads a query or a form as Go does: a pair with a `;` or a wrong escape is dropped, and all others stay.
 */
export function parseValues(text: string): FieldValues {
  const values: FieldValues = new Map();
  for (const pair of text.split('&')) {
    if (pair === '' || pair.includes(';')) continue;
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? [];
    const [key, item] = [unescape(name), unescape(value)];
    if (key !== undefined && item !== undefined) add(values, key, item);
  }
  return values;
}

/** Writes fields as Go does: sorted by name. */
export function encodeValues(values: FieldValues): string {
  const pairs = [...values].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, items]) => items.map((item) => [name, item]));
  return pairs.map(([name = '', item = '']) => `${escape(name)}=${escape(item)}`).join('&');
}

export function add(values: FieldValues, name: string, item: string): void {
  const items = values.get(name);
  if (items === undefined) values.set(name, [item]);
  else items.push(item);
}

/** The first value of a name, or `''`. */
export function first(values: FieldValues, name: string): string {
  return values.get(name)?.[0] ?? '';
}

const [TRUE, FALSE] = [['1', 't', 'T', 'true', 'TRUE', 'True'], ['0', 'f', 'F', 'false', 'FALSE', 'False']] as const;

/** As Go's `strconv.ParseBool`, with false for all that is none. */
export function isTrue(value: string): boolean {
  return TRUE.some((word) => word === value);
}

/** Whether Go's `strconv.ParseBool` takes it. */
export function isBool(value: string): boolean {
  return isTrue(value) || FALSE.some((word) => word === value);
}

/** What Go's `url.ParseQuery` finds wrong in a query or a form, or undefined. */
export function queryError(text: string): string | undefined {
  const pairs = text.split('&');
  if (pairs.some((pair) => pair.includes(';'))) return 'invalid semicolon separator in query';
  const [escape] = /%(?![0-9a-fA-F]{2})[^&]{0,2}/.exec(text) ?? [];
  return escape === undefined ? undefined : `invalid URL escape "${escape}"`;
}

function unescape(text: string): string | undefined {
  return percentDecoded(text.replaceAll('+', ' '));
}

/** Undefined for a text with a wrong escape. */
export function percentDecoded(text: string): string | undefined {
  if (/%(?![\da-f]{2})/i.test(text)) return undefined;
  const bytes = text.replace(/%(..)|(\P{ASCII}+)/gu, (match, hex: string | undefined) =>
    hex === undefined ? Buffer.from(match).toString('latin1') : String.fromCharCode(parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}

function escape(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll('%20', '+');
}
