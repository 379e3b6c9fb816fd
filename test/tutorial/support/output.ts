import { stripVTControlCharacters } from 'node:util';

/**
 * What differs from run to run, and what stands for it on both sides of a comparison. Nothing else is changed: what a document
 * leaves out, it shows as `...`.
 */
const VARYING: readonly [RegExp, string][] = [
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?(Z|[+-]\d{4}))?/g, 'TIME'],
  [/\b\d+(\.\d+)? ?m?s\b/g, 'DURATION'],
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID'],
  // A token of Tsuru, an id of an event.
  [/\b([0-9a-f]{40}|[0-9a-f]{24})\b/g, 'HEX'],
  // A password of a bind, or of a project.
  [/(?<![\w-])([\w-]{43}|[A-Za-z0-9]{32})(?![\w-])/g, 'SECRET'],
  // The port of the sandbox, which takes another one when 8889 is taken, and the key of its page.
  [/(?<=(TSURU_TARGET=|page: )http:\/\/127\.0\.0\.1:)\d+/g, 'PORT'],
  [/(?<=\/#)[\w-]{22}\b/g, 'KEY'],
];

/**
 * A text of a document and one that was printed, as they are compared: without colours, with a word for each value that varies,
 * and without spaces at the ends of lines or empty lines at both ends.
 */
export function comparable(text: string): string {
  const named = VARYING.reduce((all, [pattern, name]) => all.replace(pattern, name), stripVTControlCharacters(text));
  return named.replace(/[ \t\r]+$/gm, '').trim();
}

/**
 * Whether a text was printed as a document shows it.
 *
 * @param shown with `...` for what it leaves out
 * @param isWhole false: more may follow
 */
export function isShown(printed: string, shown: string, isWhole = true): boolean {
  const lines = comparable(shown).split('\n').map((line) => {
    if (line === '...') return '(?:.*\n)*?';
    return `${line.split('...').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')}\n`;
  });
  return new RegExp(`^${lines.join('')}${isWhole ? '$' : ''}`).test(`${comparable(printed)}\n`);
}
