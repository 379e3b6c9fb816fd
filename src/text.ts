/** The byte order mark. */
export const BOM = '\uFEFF';

/** The encoding details of a text, apart from its content. */
export interface Style {
  bom: boolean;
  eol: '\n' | '\r\n';
}

/** The style of a text. With mixed line endings, `eol` is the more frequent one. */
export function styleOf(text: string): Style {
  let [lf, crlf] = [0, 0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    if (text[at - 1] === '\r') crlf++;
    else lf++;
  }
  return { bom: text.startsWith(BOM), eol: crlf > lf ? '\r\n' : '\n' };
}

/** The text without its byte order mark. */
export function withoutBom(text: string): string {
  return text.startsWith(BOM) ? text.slice(1) : text;
}

/** The lines of a text, each with its line ending; only the last one can lack it. */
export function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+/g) ?? [];
}

/** A line with a different line ending; a line without one is unchanged. */
export function endLine(line: string, eol: string): string {
  return line.endsWith('\n') ? line.slice(0, line.endsWith('\r\n') ? -2 : -1) + eol : line;
}

/** Wraps a text into lines of at most that many columns. Longer words are not broken. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The same, but longer words are broken. */
export function wrapHard(text: string, columns: number): string[] {
  return wrap(text, columns).flatMap((line) => {
    const characters = Array.from(line);
    const parts = Array.from({ length: Math.ceil(characters.length / columns) }, (_, index) =>
      characters.slice(index * columns, (index + 1) * columns).join(''),
    );
    return parts.length === 0 ? [''] : parts;
  });
}

/**
 * Folds a shell command into lines of at most that many columns, which backslashes join. Longer words are not broken, options
 * of curl stay with their values, and a comment at the end is one line.
 */
export function foldCommand(command: string, columns: number): string[] {
  const words = command.match(/#.*$|(?:--(?:header|data-raw|user|request) )?(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+/g) ?? [];
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 3 <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, index) => (index < lines.length - 1 ? `${line} \\` : line));
}

/** Quotes a word for a POSIX shell; a word that is certainly safe is left unquoted. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) && !word.startsWith('-') ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The word closest to the typed one; undefined when none is close enough. */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  const [best] = words
    .map((word) => ({ word, distance: distance(typed, word) }))
    .toSorted((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(1, Math.floor(typed.length / 3)) ? best.word : undefined;
}

/** The Levenshtein distance between two words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
