/** Splits a JSON list that begins at `[` in a text into the texts of its items. @returns undefined if the list has no end */
function itemsAt(text: string, start: number): { items: string[]; end: number } | undefined {
  const items: string[] = [];
  let depth = 0;
  let from = start + 1;
  const token = /"(?:[^"\\]|\\.)*"|[[\]{},]/g;
  token.lastIndex = start;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [sign] = match;
    if (sign === '[' || sign === '{') depth += 1;
    if (sign === ']' || sign === '}') depth -= 1;
    if ((sign === ',' && depth === 1) || depth === 0) {
      if (match.index > from) items.push(text.slice(from, match.index));
      from = token.lastIndex;
    }
    if (depth === 0) return { items, end: token.lastIndex };
  }
  return undefined;
}

function sortedAt(text: string, start: number): string {
  const list = itemsAt(text, start);
  return list === undefined ? text : `${text.slice(0, start)}[${list.items.sort().join(',')}]${text.slice(list.end)}`;
}

/** Sorts the lines of a bind that name variables. */
const sortedNames = (body: string) =>
  body.replace(/(?:\{"Message":"- [^\n]*\n)+/g, (lines) => lines.split('\n').slice(0, -1).sort().join('\n') + '\n');

/** Sorts what Tsuru gives in the random order of a Go map: variables, teams, and what an event was started with. */
export function inOrder(path: string, body: string): string {
  if (/^[^?]*\/(?:env|teams)(?:\?|$)/.test(path) && body.startsWith('[')) return sortedAt(body, 0);
  const start = body.indexOf('"Start":[');
  return start === -1 ? sortedNames(body) : sortedAt(body, start + '"Start":'.length);
}
