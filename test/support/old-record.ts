import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readBases } from '../../src/project/base.ts';
import { sha256 } from '../../src/project/hash.ts';

/** What earlier versions told git about the folder of the record. */
export const OLD_ATTRIBUTES = '# Compared byte by byte: no other line ends, please.\n* -text\n';

/** Gives a project the record that earlier versions wrote: a folder with a file for each base, named by its hash. */
export function withOldRecord(project: string): void {
  const state = join(project, '.tsuru-service');
  const bases = readBases(readFileSync(join(state, 'base.jsonl')));
  rmSync(join(state, 'base.jsonl'));
  mkdirSync(join(state, 'base'));
  for (const content of bases.values()) writeFileSync(join(state, 'base', sha256(content)), content);
  writeFileSync(join(state, '.gitattributes'), OLD_ATTRIBUTES);
}
