import { expect, it } from 'vitest';

import { sayPlan, type Resolution } from '../../src/project/show.ts';
import { markerLines } from '../../src/project/merge/markers.ts';
import { mergeLines } from '../../src/project/merge/lines.ts';
import { LABELS } from '../../src/project/merge/markers.ts';
import type { Conflict } from '../../src/project/plan.ts';

const conflict: Conflict = {
  ...{ path: 'src/app.ts', fileClass: 'merged', reason: 'both sides changed it in one place' },
  mine: { content: Buffer.from('a\n'), mode: 0o644 },
  theirs: Buffer.from('c\n'),
  marked: 'x\n<<<<<<< yours\na\n||||||| as it was made\nb\n=======\nc\n>>>>>>> new\n',
};

it.each<[Resolution | undefined, string]>([
  [undefined, '  conflict  src/app.ts  (both sides changed it in one place)\n'],
  ['keep', '  kept      src/app.ts  (yours, without the new changes; both sides changed it in one place)\n'],
  ['take', '  taken     src/app.ts  (the new one; yours is in .tsuru-service/backup/0003)\n'],
  ['markers', '  markers   src/app.ts:2  (both sides changed it in one place: resolve and remove them; yours is in .tsuru-service/backup/0003)\n'],
  ['beside', '  beside    src/app.ts  (yours stays; the new one is in src/app.ts.theirs: both sides changed it in one place)\n'],
])('the summary says what became of a conflict that ended with %s', (resolution, line) => {
  let output = '';
  const keep = (text: string) => text;
  const terminal = {
    ...{ columns: 100, canRedraw: false, bold: keep, dim: keep, green: keep, red: keep },
    write: (text: string) => void (output += text),
    writeError: keep,
  };
  const outcome = resolution && { resolutions: new Map([[conflict.path, resolution]]), backup: '.tsuru-service/backup/0003' };
  sayPlan(terminal, { changes: [], kept: [], left: [], beside: [], conflicts: [conflict] }, outcome);
  expect(output).toBe(line);
});

it('markers that are left are found by the first line of each conflict, also when some of them are gone', () => {
  const merged = mergeLines('a\nb\nc\nd\ne\n', 'A\nb\nc\nd\nE\n', '1\nb\nc\nd\n5\n', LABELS).text;
  expect(merged.match(/^<<<<<<< yours$/gm)).toHaveLength(2);
  expect(markerLines(merged)).toEqual([1, 11]);
  expect(markerLines(merged.replaceAll('\n', '\r\n'))).toEqual([1, 11]);
  expect(markerLines(merged.replace('<<<<<<< yours\n', ''))).toEqual([2, 10]);
  expect(markerLines('a\n>>>>>>> new\n')).toEqual([2]);
  expect(markerLines('Title\n=======\n<<<<<<< HEAD\n>>>>>>> main\n')).toEqual([]);
});
