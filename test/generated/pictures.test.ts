import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { pictureOfCheck, pictureOfCreate } from '../pictures/runs.ts';

const PICTURES = join(import.meta.dirname, '../../docs/pictures');

/** `npm run pictures` writes them. */
describe('the pictures of terminals', () => {
  let scratch: string;
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'pictures-'));
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  it('show what the program prints today', async () => {
    const program = inject('bin');
    await expect(await pictureOfCreate({ program, cwd: scratch })).toMatchFileSnapshot(join(PICTURES, 'create.svg'));
    const project = join(scratch, 'my-db');
    await expect(await pictureOfCheck({ program, cwd: project })).toMatchFileSnapshot(join(PICTURES, 'check.svg'));
  });
});
