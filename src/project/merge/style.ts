/** The byte order mark. */
export const BOM = '\uFEFF';

/** How a text is written down, apart from what it says. */
export interface Style {
  bom: boolean;
  eol: '\n' | '\r\n';
}

/** The style of a text; where line ends are mixed, `eol` is the more frequent one. An empty text has the usual style. */
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

/** The lines of a text, each with its line end; only the last one can be without. */
export function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+/g) ?? [];
}

/** A line with another line end in place of its own; one without a line end stays without. */
export function endLine(line: string, eol: string): string {
  return line.endsWith('\n') ? line.slice(0, line.endsWith('\r\n') ? -2 : -1) + eol : line;
}
