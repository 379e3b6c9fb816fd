import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { filesBelow, runCli } from '../support/cli.ts';
import { SEED, seeded } from '../support/seed.ts';

const BARE = ['--name', 'svc', '--yes', '--no-install', '--no-git'];
const KILLS = 40;

/** The steps of writing are stopped one by one elsewhere; here the whole program is killed whenever it happens to be. */
describe('a generation that is killed', () => {
  let cwd: string;
  let whole: string[];
  let duration: number;
  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'kill-'));
    const start = performance.now();
    await runCli(['whole', ...BARE], { cwd });
    duration = performance.now() - start;
    whole = filesBelow(join(cwd, 'whole'));
  });
  afterAll(() => {
    rmSync(cwd, { recursive: true, force: true });
  });

  it(`leaves no directory or a whole one, ${KILLS} times`, async () => {
    const random = seeded(`${SEED} new directory`);
    const ends = { old: 0, whole: 0 };
    for (let round = 0; round < KILLS; round++) {
      const directory = join(cwd, 'project');
      rmSync(directory, { recursive: true, force: true });
      await runCli(['project', ...BARE], { cwd, killAfter: duration * (0.1 + random()) });
      if (existsSync(directory)) {
        expect(filesBelow(directory)).toEqual(whole);
        ends.whole++;
      } else {
        ends.old++;
      }
    }
    expect(ends.old).toBeGreaterThan(0);
    rmSync(join(cwd, 'project'), { recursive: true, force: true });
    expect(await runCli(['project', ...BARE], { cwd })).toMatchObject({ code: 0 });
    expect(filesBelow(cwd).filter((path) => path.includes('.partial'))).toEqual([]);
  });

  it(`leaves an existing directory as it was or whole, after the next start, ${KILLS} times`, async () => {
    const random = seeded(`${SEED} existing directory`);
    let killed = 0;
    for (let round = 0; round < KILLS; round++) {
      const directory = join(cwd, 'existing');
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory);
      writeFileSync(join(directory, 'LICENSE'), 'mine');
      const { signal } = await runCli(['existing', ...BARE], { cwd, killAfter: duration * (0.1 + random()) });
      if (signal === 'SIGKILL') killed++;
      const { code } = await runCli(['existing', ...BARE], { cwd });
      // The second run finds nothing and writes it all, or what the first one had begun, which it finishes.
      expect([0, 4]).toContain(code);
      expect(filesBelow(directory)).toEqual([...whole, 'LICENSE'].sort());
    }
    expect(killed).toBeGreaterThan(0);
  });
});
