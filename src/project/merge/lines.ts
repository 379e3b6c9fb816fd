import { diffArrays } from 'diff/lib/diff/array.js';

import { BOM, endLine, linesOf, styleOf, withoutBom } from '../../text.ts';

export type Merge = { kind: 'clean'; text: string } | { kind: 'conflict'; text: string; conflicts: number };

/** The lines `from` to `to` of the base became the lines `start` to `end` of a side. */
type Hunk = { from: number; to: number; start: number; end: number };

/** Past this many edits, what is between the first and the last difference counts as one change. */
const MAX_EDITS = 4000;

/**
 * Merges two versions of a text line by line, as `git merge-file --diff3` does: changes of both sides that overlap or
 * touch are a conflict, unless they are the same. Lines are compared without their line endings; lines kept from `mine`
 * keep their exact bytes, and those of `theirs` get the most frequent line ending of `mine`. The result has a byte order
 * mark if `mine` has one. A missing final newline is part of the last line.
 */
export function mergeLines(
  base: string,
  mine: string,
  theirs: string,
  labels = { mine: 'mine', base: 'base', theirs: 'theirs' },
): Merge {
  const { eol, bom } = styleOf(mine);
  const known = new Map<string, number>();
  const [b, m, t] = [read(base, known), read(mine, known), read(theirs, known)];
  const [ours, others] = [hunks(b.ids, m.ids), hunks(b.ids, t.ids)];
  const out: string[] = bom ? [BOM] : [];
  const put = (lines: string[], from: number, to: number) => {
    for (const line of lines.slice(from, to)) out.push(lines === m.lines ? line : endLine(line, eol));
  };
  const putMarked = (marker: string, lines: string[], from: number, to: number) => {
    out.push(marker + eol);
    put(lines, from, to);
    if (!out.at(-1)?.endsWith('\n')) out.push(eol);
  };

  let [i, j, at, conflicts] = [0, 0, 0, 0];
  let [mineOff, theirOff] = [0, 0];
  while (i < ours.length || j < others.length) {
    const from = Math.min(ours[i]?.from ?? Infinity, others[j]?.from ?? Infinity);
    const [firstI, firstJ, mineFrom, theirFrom] = [i, j, from + mineOff, from + theirOff];
    let to = from;
    for (;;) {
      const [own, other] = [ours[i], others[j]];
      if (own && own.from <= to) {
        to = Math.max(to, own.to);
        mineOff = own.end - own.to;
        i++;
      } else if (other && other.from <= to) {
        to = Math.max(to, other.to);
        theirOff = other.end - other.to;
        j++;
      } else {
        break;
      }
    }
    const [mineTo, theirTo] = [to + mineOff, to + theirOff];
    put(m.lines, at + mineFrom - from, mineFrom);
    at = to;
    if (i === firstI) {
      put(t.lines, theirFrom, theirTo);
    } else if (j === firstJ || sameLines(m.ids, mineFrom, mineTo, t.ids, theirFrom, theirTo)) {
      put(m.lines, mineFrom, mineTo);
    } else {
      conflicts++;
      putMarked(`<<<<<<< ${labels.mine}`, m.lines, mineFrom, mineTo);
      putMarked(`||||||| ${labels.base}`, b.lines, from, to);
      putMarked('=======', t.lines, theirFrom, theirTo);
      out.push(`>>>>>>> ${labels.theirs}${eol}`);
    }
  }
  put(m.lines, at + mineOff, m.lines.length);
  const text = out.join('');
  return conflicts > 0 ? { kind: 'conflict', text, conflicts } : { kind: 'clean', text };
}

/** The lines of a text and a number for each; lines that differ only in their line endings share a number. */
function read(text: string, known: Map<string, number>): { lines: string[]; ids: number[] } {
  const lines = linesOf(withoutBom(text));
  const ids = lines.map((line) => {
    const key = endLine(line, '\n');
    const id = known.get(key) ?? known.size;
    known.set(key, id);
    return id;
  });
  return { lines, ids };
}

function sameLines(a: number[], from: number, to: number, b: number[], start: number, end: number): boolean {
  if (to - from !== end - start) return false;
  for (let at = from; at < to; at++) if (a[at] !== b[start + at - from]) return false;
  return true;
}

function hunks(base: number[], side: number[]): Hunk[] {
  const [removed, added] = changes(base, side);
  settle(base, removed, added);
  settle(side, added, removed);
  const found: Hunk[] = [];
  for (let [at, to] = [0, 0]; at < base.length || to < side.length; at++, to++) {
    const [from, start] = [at, to];
    while (removed[at]) at++;
    while (added[to]) to++;
    if (at > from || to > start) found.push({ from, to: at, start, end: to });
  }
  return found;
}

/** Which lines of each of two texts have no counterpart in the other. */
function changes(a: number[], b: number[]): [Uint8Array, Uint8Array] {
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const middle = (ids: number[]) => ids.slice(head, ids.length - tail);
  const [inA, inB] = [new Set(middle(a)), new Set(middle(b))];
  // Lines that do not occur on the other side need no search.
  const restA = [...middle(a).entries()].filter(([, id]) => inB.has(id));
  const restB = [...middle(b).entries()].filter(([, id]) => inA.has(id));
  const goneA = new Uint8Array(a.length).fill(1, head, a.length - tail);
  const goneB = new Uint8Array(b.length).fill(1, head, b.length - tail);
  const parts = diffArrays(
    restA.map(([, id]) => id),
    restB.map(([, id]) => id),
    { maxEditLength: MAX_EDITS },
  );
  let [i, j] = [0, 0];
  for (const { count, added, removed } of parts ?? []) {
    if (!added && !removed) {
      for (const [at] of restA.slice(i, i + count)) goneA[head + at] = 0;
      for (const [at] of restB.slice(j, j + count)) goneB[head + at] = 0;
    }
    if (!added) i += count;
    if (!removed) j += count;
  }
  return [goneA, goneB];
}

/**
 * Chooses among the equal readings of a change: a run of changed lines moves to where the other text has changed lines
 * too, or else as far down as it goes. Git chooses the same, so the same changes conflict.
 */
function settle(ids: number[], gone: Uint8Array, otherGone: Uint8Array): void {
  // Runs of the other text by the number of kept lines before them.
  const otherRuns = new Set<number>();
  for (let at = 0, kept = 0; at < otherGone.length; at++) {
    if (otherGone[at]) otherRuns.add(kept);
    else kept++;
  }
  for (let end = 0, kept = 0; end < ids.length; end++, kept++) {
    let start = end;
    while (gone[end]) end++;
    if (end === start) continue;
    const up = () => {
      gone[--start] = 1;
      gone[--end] = 0;
      kept--;
    };
    let [size, match] = [0, -1];
    while (size !== end - start) {
      size = end - start;
      while (start > 0 && ids[start - 1] === ids[end - 1]) {
        up();
        while (start > 0 && gone[start - 1]) start--;
      }
      match = otherRuns.has(kept) ? end : -1;
      while (end < ids.length && ids[start] === ids[end]) {
        gone[start++] = 0;
        gone[end++] = 1;
        kept++;
        while (gone[end]) end++;
        if (otherRuns.has(kept)) match = end;
      }
    }
    while (match >= 0 && end > match) up();
  }
}
