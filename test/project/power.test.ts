import * as fs from 'node:fs';
import { dirname, join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { apply, applyOperations, begin, recover, type Operation } from '../../src/project/apply.ts';
import type { FileSystem } from '../../src/project/root.ts';
import { toTree } from '../../src/render/tree.ts';
import { fill, machine as thisMachine, textsBelow } from '../support/disks.ts';
import { PowerDisk } from '../support/power.ts';
import { FAST_DISK } from '../support/project.ts';
import { SEED, seeded } from '../support/seed.ts';

const scratch = fs.mkdtempSync(join(fs.realpathSync(FAST_DISK), 'power-'));
afterAll(() => {
  fs.rmSync(scratch, { recursive: true, force: true });
});

const OLD = {
  'a.txt': 'old a\n',
  'b/deep/b.txt': 'old b\n',
  'c.txt': 'the same\n',
  // The record of an earlier version, which becomes one file.
  [`.tsuru-service/base/${'a'.repeat(64)}`]: 'old a\n',
  '.tsuru-service/lock.json': '{"old":true}',
};
const NEW = {
  'a.txt': 'new a\n',
  'c.txt': 'the same\n',
  'n/deep/n.txt': 'new n\n',
  '.tsuru-service/base.jsonl': '["a.txt","new a\\n"]\n',
  '.tsuru-service/lock.json': '{"old":false}',
};
const bytes = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text));
const operations = [...new Set([...Object.keys(OLD), ...Object.keys(NEW)])].sort().flatMap((path): Operation[] => {
  const [before, after] = [OLD, NEW].map((texts) => (texts as Record<string, string>)[path]);
  return before === after ? [] : [{ path, before: bytes(before), after: bytes(after), mode: 0o644 }];
});
const tree = toTree(
  Object.entries(NEW).map(([path, text]) => [path, { content: Buffer.from(text), fileClass: 'merged', mode: 0o644 }]),
);

/** The whole machine that loses its power: the project, and the user's folder beside it. */
const machine = join(scratch, 'machine');
const project = join(machine, 'in/project');
const diskOf = (disk: FileSystem) => ({ fs: disk, stateFolders: [join(machine, 'state')], machine: thisMachine });
const same = (texts: Record<string, string>) => JSON.stringify(Object.entries(texts).sort());
const stateNow = () => {
  const now = same(textsBelow(project));
  return now === same(OLD) ? 'old' : now === same(NEW) ? 'new' : now === same({}) ? 'nothing' : now;
};

const regenerate = async (disk: FileSystem) => {
  const run = await begin(diskOf(disk), project);
  const applied = await applyOperations(run, operations);
  run.end();
  return applied;
};
const createNew = (disk: FileSystem) => apply(diskOf(disk), project, tree);

describe.each([
  { what: 'a regeneration', before: OLD, start: 'old', work: regenerate },
  { what: 'a new project in a directory that is there', before: {}, start: 'nothing', work: createNew },
  { what: 'a new project in a new directory', before: undefined, start: 'nothing', work: createNew },
])('$what whose machine loses its power', { timeout: 120_000 }, ({ before, start, work }) => {
  const prepare = () => {
    fs.rmSync(machine, { recursive: true, force: true });
    fs.mkdirSync(join(machine, 'state'), { recursive: true, mode: 0o700 });
    fs.mkdirSync(dirname(project), { recursive: true });
    if (before !== undefined) fill(project, before);
    return new PowerDisk(machine);
  };

  it('at any moment has all that was or all that is new, after the next start', async () => {
    const random = seeded(`${SEED} any moment`);
    const whole = prepare();
    await work(whole.fs);
    const met = new Set<string>();
    for (let call = 1; call <= whole.calls; call++) {
      for (let round = 0; round < 20; round++) {
        const disk = prepare();
        disk.failsAt = call;
        await work(disk.fs).catch(() => undefined);
        disk.fail(random);
        fs.chmodSync(join(machine, 'state'), 0o700);
        if (fs.existsSync(project)) await recover(diskOf(fs), project);
        met.add(stateNow());
        expect({ call, round, state: stateNow() }).toEqual({
          ...{ call, round },
          state: expect.stringMatching(new RegExp(`^(${start}|new)$`)) as string,
        });
      }
    }
    expect([...met].sort()).toEqual(['new', start].sort());
  });

  it('right after it said that it is done has all that is new', async () => {
    const random = seeded(`${SEED} done`);
    for (let round = 0; round < 50; round++) {
      const disk = prepare();
      expect(await work(disk.fs)).toEqual({ kept: [], leftOver: [] });
      disk.fail(random);
      fs.chmodSync(join(machine, 'state'), 0o700);
      if (fs.existsSync(project)) await recover(diskOf(fs), project);
      expect(stateNow()).toBe('new');
    }
  });
});
