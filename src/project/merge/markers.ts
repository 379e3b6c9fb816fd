import { linesOf } from '../../text.ts';


/** The labels of the sides in conflict markers. */
export const LABELS = { mine: 'yours', base: 'as it was made', theirs: 'new' } as const;

const OPENING = `<<<<<<< ${LABELS.mine}`;
const BASE = `||||||| ${LABELS.base}`;
const CLOSING = `>>>>>>> ${LABELS.theirs}`;

/**
 * The lines, from 1, at which a text has conflict markers of this program: the first marker of each conflict, and any
 * stray marker whose counterparts were removed.
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
