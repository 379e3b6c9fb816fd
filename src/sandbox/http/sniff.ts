/* eslint-disable no-control-regex */

/** What a body of each type that an API answers with begins with, one character a byte, in the order in which Go looks for it. */
const SIGNATURES: readonly [RegExp, string][] = [
  [/^[\t\n\f\r ]*<(!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)[ >]/i, 'text/html; charset=utf-8'],
  [/^[\t\n\f\r ]*<\?xml/, 'text/xml; charset=utf-8'],
  [/^%PDF-/, 'application/pdf'],
  [/^\xfe\xff../s, 'text/plain; charset=utf-16be'],
  [/^\xff\xfe../s, 'text/plain; charset=utf-16le'],
  [/^\xef\xbb\xbf./s, 'text/plain; charset=utf-8'],
  [/^GIF8[79]a/, 'image/gif'],
  [/^\x89PNG\r\n\x1a\n/, 'image/png'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^\x1f\x8b\x08/, 'application/x-gzip'],
  [/^PK\x03\x04/, 'application/zip'],
  [/[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]/, 'application/octet-stream'],
];

/** The type that Go's server gives a body that has none, by its first 512 bytes (`http.DetectContentType`). */
export function sniffedType(body: string | Buffer): string {
  const start = Buffer.from(body.slice(0, 512)).subarray(0, 512).toString('latin1');
  return SIGNATURES.find(([signature]) => signature.test(start))?.[1] ?? 'text/plain; charset=utf-8';
}
