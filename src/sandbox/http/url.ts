import { escapePath } from '../../tsuru/location.ts';
import { quoted } from './go-text.ts';

/**
 * The path, escaped, and the query of a URL that begins with `http://` or `https://`, as Go sends them.
 *
 * @throws Error with Go's words where it cannot parse the URL
 */
export function sentPath(url: string): { path: string; query: string } {
  const [whole = '', fragment = ''] = /^([^#]*)#?(.*)$/s.exec(url)?.slice(1) ?? [];
  // eslint-disable-next-line no-control-regex
  if (/[\0-\x1f\x7f]/.test(whole)) throw new Error(`parse ${quoted(whole)}: net/url: invalid control character in URL`);
  const [, raw = '', query = ''] = /^https?:\/\/[^/?]*([^?]*)\??(.*)$/s.exec(whole) ?? [];
  const wrong = wrongEscape(raw) ?? wrongEscape(fragment);
  if (wrong !== undefined) throw new Error(`parse ${quoted(wrongEscape(raw) === undefined ? url : whole)}: invalid URL escape ${quoted(wrong)}`);
  return { path: escapePath(Buffer.from(raw).toString('latin1')) ?? '', query };
}

function wrongEscape(text: string): string | undefined {
  return /%(?![\da-f]{2}).{0,2}/is.exec(text)?.[0];
}
