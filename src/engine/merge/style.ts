/** The byte order mark. */
export const BOM = '\uFEFF';

/** How a text is written down, apart from what it says. */
export type Style = { bom: boolean; eol: '\n' | '\r\n'; finalNewline: boolean };

/** The style of a text; where line ends are mixed, `eol` is the more frequent one. An empty text has the usual style. */
export function styleOf(text: string): Style {
  let [lf, crlf] = [0, 0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    if (text[at - 1] === '\r') crlf++;
    else lf++;
  }
  const bom = text.startsWith(BOM);
  return { bom, eol: crlf > lf ? '\r\n' : '\n', finalNewline: text.endsWith('\n') || text.length === Number(bom) };
}

/** The text without its byte order mark. */
export function withoutBom(text: string): string {
  return text.startsWith(BOM) ? text.slice(1) : text;
}

/** The text without a byte order mark and with `\n` as its only line end. */
export function normalise(text: string): string {
  return withoutBom(text).replaceAll('\r\n', '\n');
}

/** Writes a normalised text in a style; an empty text gets no final newline. */
export function restyle(text: string, style: Style): string {
  let end = text.length;
  if (!style.finalNewline) while (text[end - 1] === '\n') end--;
  const body = text.slice(0, end) + (style.finalNewline && end > 0 && text[end - 1] !== '\n' ? '\n' : '');
  return (style.bom ? BOM : '') + (style.eol === '\n' ? body : body.replaceAll('\n', style.eol));
}

/** The lines of a text, each with its line end; only the last one can be without. */
export function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+/g) ?? [];
}

/** A line with another line end in place of its own; one without a line end stays without. */
export function endLine(line: string, eol: string): string {
  return line.endsWith('\n') ? line.slice(0, line.endsWith('\r\n') ? -2 : -1) + eol : line;
}
