import { linesOf } from '../../text.ts';


/** What the markers of a conflict call its sides. */
export const LABELS = { mine: 'yours', base: 'as it was made', theirs: 'new' } as const;

const OPENING = `<<<<<<< ${LABELS.mine}`;
const BASE = `||||||| ${LABELS.base}`;
const CLOSING = `>>>>>>> ${LABELS.theirs}`;

/**
 * The lines, from 1, at which markers of this program are left in a text: the first one of each conflict, and any that was
 * left over when the others of it were taken out.
 */
export function markerLines(text: string): number[] {
  const found: number[] = [];
  let isOpen = false;
  for (const [index, line] of linesOf(text).entries()) {
    const bare = line.trimEnd();
    if (bare === OPENING || (!isOpen && (bare === BASE || bare === CLOSING))) found.push(index + 1);
    if (bare === OPENING || bare === BASE) isOpen = true;
    if (bare === CLOSING) isOpen = false;
  }
  return found;
}
