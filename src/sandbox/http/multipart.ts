import type { ApiRequest } from './request.ts';
import { add, type FieldValues } from './values.ts';

/** The text fields of a body of `multipart/form-data`; none if it does not end as it must. */
export function multipartValues({ body, incoming }: ApiRequest): FieldValues {
  const values: FieldValues = new Map();
  const [, quoted, plain] = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(incoming.headers['content-type'] ?? '') ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return values;
  const [, ...parts] = `\n${body.toString('latin1')}`.split(`\n--${boundary}`);
  if (!/^(--|\s*$)/.test(parts.pop() ?? 'none')) return values;
  for (const part of parts) {
    const [, head = '', content = ''] = /^[ \t]*(\r?\n.*?)\r?\n\r?\n(.*)$/s.exec(part) ?? [];
    const [, quotedName, plainName] = /\ncontent-disposition:\s*form-data\s*;.*?\bname=(?:"((?:\\.|[^"\\])*)"|([^;\s]+))/i.exec(head) ?? [];
    const name = quotedName?.replace(/\\(.)/g, '$1') ?? plainName;
    if (name === undefined || /;\s*filename\*?=/i.test(head)) continue;
    add(values, textOf(name), textOf(content.replace(/\r$/, '')));
  }
  return values;
}

function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}
