import { BOM, endLine, linesOf, styleOf, withoutBom } from '../../text.ts';


/**
 * Merges files whose lines are a set, such as `.gitignore`: `mine` gets the lines that `theirs` has over `base` and
 * loses those that `theirs` dropped. A new line goes after the line that it follows in `theirs`, or to the end. Blank
 * lines are neither added nor removed; everything else in `mine` is unchanged. There are no conflicts.
 */
export function mergeLineSets(base: string, mine: string, theirs: string): string {
  if (mine === base) return theirs;
  const { bom, eol } = styleOf(mine);
  const inBase = new Set(bareLines(base));
  const inMine = new Set(bareLines(mine));
  const wanted = bareLines(theirs).filter((line) => line.trim() !== '');
  const inTheirs = new Set(wanted);
  const merged = linesOf(withoutBom(mine)).filter((line) => {
    const bare = endLine(line, '');
    return bare.trim() === '' || !inBase.has(bare) || inTheirs.has(bare);
  });
  for (const [index, line] of wanted.entries()) {
    if (inBase.has(line) || inMine.has(line)) continue;
    inMine.add(line);
    const place = merged.findLastIndex((other) => endLine(other, '') === wanted[index - 1]);
    const last = merged.at(-1);
    if ((place < 0 || place === merged.length - 1) && last && !last.endsWith('\n')) {
      merged.splice(-1, 1, last + eol, line);
    } else {
      merged.splice(place < 0 ? merged.length : place + 1, 0, line + eol);
    }
  }
  return (bom ? BOM : '') + merged.join('');
}

function bareLines(text: string): string[] {
  return linesOf(withoutBom(text)).map((line) => endLine(line, ''));
}
