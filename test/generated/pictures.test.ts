import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { pictureOfCheck, pictureOfCreate, pictureOfPublish } from '../pictures/runs.ts';

const inPictures = (name: string) => join(import.meta.dirname, '../../docs/pictures', name);

/** `npm run pictures` writes them. */
describe('a picture of a terminal shows what the program prints today', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'pictures-'));
  const project = { program: inject('bin'), cwd: join(scratch, 'my-db') };
  let created: string;
  beforeAll(async () => {
    created = await pictureOfCreate({ ...project, cwd: scratch });
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  it('create', async () => {
    await expect(created).toMatchFileSnapshot(inPictures('create.svg'));
  });

  it('check', async () => {
    await expect(await pictureOfCheck(project)).toMatchFileSnapshot(inPictures('check.svg'));
  });

  it('publish', async () => {
    await expect(await pictureOfPublish(project)).toMatchFileSnapshot(inPictures('publish.svg'));
  });
});
