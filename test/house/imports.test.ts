import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'imports-'));
  for (const path of ['src', 'generators', 'plopfile.js', 'package.json', 'tsconfig.json', '.dependency-cruiser.js']) {
    cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => {
  rmSync(copy, { recursive: true, force: true });
});

function cruise() {
  const args = ['src', 'generators', 'plopfile.js'];
  const { status, stdout } = spawnSync('node_modules/.bin/depcruise', args, { cwd: copy, encoding: 'utf8' });
  return { status, stdout };
}

describe('the rule on imports', () => {
  it('holds', () => {
    expect(cruise()).toMatchObject({ status: 0, stdout: expect.stringMatching(/\([1-9]\d\d modules/) as string });
  });

  it.each([
    ['upward', "export { change } from '../project/change.ts';\n", 'planted.ts → src/project/change.ts'],
    ['in a circle', "import './planted.ts';\n", 'no-circle'],
  ])('fails on an import that goes %s', (_, text, complaint) => {
    writeFileSync(join(copy, 'src/answers/planted.ts'), text);
    expect(cruise()).toMatchObject({ status: 1, stdout: expect.stringContaining(complaint) as string });
  });
});
