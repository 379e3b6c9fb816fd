import { goNumber, sortedKeys } from '../../tsuru/encoding.ts';
import type { Json } from '../state/records.ts';

/** A string as Go quotes it (`%q`). */
export function quoted(text: string): string {
  return `"${text.replace(/["\\\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, (sign) => ESCAPES[sign] ?? escapeOf(sign))}"`;
}

const ESCAPES: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

function escapeOf(sign: string): string {
  const code = sign.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}

/** A value as Go prints it (`fmt.Sprint`). */
export function printed(value: Json): string {
  if (value === null) return '<nil>';
  if (typeof value === 'number') return goNumber(value);
  if (Array.isArray(value)) return `[${value.map(printed).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  return `map[${Object.entries(sortedKeys(value)).map(([key, item]) => `${key}:${printed(item)}`).join(' ')}]`;
}
