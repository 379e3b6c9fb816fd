import type { ApiRequest } from './request.ts';
import { add, type Values } from './values.ts';

/** The text fields of a body of `multipart/form-data`. */
export function multipartValues({ body, incoming }: ApiRequest): Values {
  const values: Values = new Map();
  const [, quoted, plain] = /boundary=(?:"([^"]+)"|([^;]+))/.exec(incoming.headers['content-type'] ?? '') ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return values;
  for (const part of body.toString('latin1').split(`--${boundary}`).slice(1, -1)) {
    const [head = '', ...rest] = part.replace(/^\r?\n/, '').split(/\r?\n\r?\n/);
    const name = /;\s*name="([^"]*)"/i.exec(head)?.[1];
    if (name === undefined || /;\s*filename=/i.test(head)) continue;
    const text = part.slice(part.length - rest.join('\r\n\r\n').length).replace(/\r?\n$/, '');
    add(values, Buffer.from(name, 'latin1').toString(), Buffer.from(text, 'latin1').toString());
  }
  return values;
}
