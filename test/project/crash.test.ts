import * as fs from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { applyOperations, begin, recover, type Applied, type Operation } from '../../src/project/apply.ts';
import type { Disk } from '../../src/project/proof.ts';
import type { FileSystem } from '../../src/project/root.ts';
import { EXIT, ExpectedError } from '../../src/errors.ts';
import { fill, interrupted, machine, textsBelow, withoutLinks } from '../support/disks.ts';
import { withOldRecord } from '../support/old-record.ts';
import { stoppingAt, type End } from '../support/stopping.ts';
import { FAST_DISK, contents, regenerateIn, seen, stateOf, Workshop } from '../support/project.ts';

const workshop = new Workshop(FAST_DISK);
afterAll(() => {
  workshop.close();
});

/** A small project before and after a regeneration that makes, replaces and deletes files, with their directories. */
const OLD = {
  'a.txt': 'old a\n',
  'b/deep/b.txt': 'old b\n',
  'c/c.txt': 'the same\n',
  'log.txt': 'one\n',
  // The record of an earlier version, which becomes one file.
  [`.tsuru-service/base/${'a'.repeat(64)}`]: 'old a\n',
  '.tsuru-service/lock.json': '{"old":true}',
};
const NEW = {
  'a.txt': 'new a\n',
  'c/c.txt': 'the same\n',
  'log.txt': 'one\ntwo\n',
  'n/deep/n.txt': 'new n\n',
  'c/empty.txt': '',
  '.tsuru-service/base.jsonl': '["a.txt","new a\\n"]\n',
  '.tsuru-service/lock.json': '{"old":false}',
};

const ENDS: End[] = [
  'kill',
  ...['ENOSPC', 'EIO', 'EACCES', 'EPERM'].flatMap((error) =>
    [false, true].map((isLasting) => ({ error, isLasting })),
  ),
];
const named = ENDS.map((end) => ({
  end,
  name: end === 'kill' ? 'a kill' : `${end.error}${end.isLasting ? ' from then on' : ''}`,
}));

function operationsBetween(old: Record<string, string>, wanted: Record<string, string>): Operation[] {
  const bytes = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text, 'latin1'));
  return [...new Set([...Object.keys(old), ...Object.keys(wanted)])]
    .sort()
    .filter((path) => old[path] !== wanted[path])
    .map((path) => ({ path, before: bytes(old[path]), after: bytes(wanted[path]), mode: 0o644 }));
}

const operations = operationsBetween(OLD, NEW);

let count = 0;
function fresh(): string {
  const project = join(workshop.copyOf(emptyDirectory()), `p${++count}`);
  fill(project, OLD);
  return project;
}

let made: string | undefined;
function emptyDirectory(): string {
  made ??= fs.mkdtempSync(join(FAST_DISK, 'crash-'));
  return made;
}
afterAll(() => {
  if (made !== undefined) fs.rmSync(made, { recursive: true });
});

function diskOf(project: string, disk: FileSystem = fs): Disk {
  return { fs: disk, stateFolders: [join(project, '../state')], machine };
}

/** Carries the operations out, on any disk. */
async function run(project: string, disk: FileSystem, wanted = operations): Promise<Applied> {
  const started = await begin(diskOf(project, disk), project);
  try {
    return await applyOperations(started, wanted);
  } finally {
    started.end();
  }
}

/** The files of a project, without what is kept for its owner. */
function filesOf(project: string): Record<string, string> {
  return Object.fromEntries(Object.entries(textsBelow(project)).filter(([path]) => !path.includes('/backup/')));
}

const sorted = (texts: Record<string, string>) => JSON.stringify(Object.entries(texts).sort());
const stateOfDisk = (project: string) => {
  const now = sorted(filesOf(project));
  return now === sorted(OLD) ? 'old' : now === sorted(NEW) ? 'new' : now;
};
/** What is there beside the stage and the journal. */
const outsideOfState = (texts: Record<string, string>) =>
  sorted(Object.fromEntries(Object.entries(texts).filter(([path]) => !/^\.tsuru-service\/(stage|journal)/.test(path))));

/** Holds that what a run says, by its error or what it leaves over, is what the disk has. */
function expectTruth(project: string, error: unknown, applied: Applied | undefined): void {
  const now = filesOf(project);
  if (error === undefined) {
    expect(outsideOfState(now)).toBe(sorted(NEW));
    expect(applied?.kept).toEqual([]);
    if (applied?.leftOver.length === 0) expect(sorted(now)).toBe(sorted(NEW));
    return;
  }
  expect(error).toBeInstanceOf(ExpectedError);
  const { hint, exitCode } = error as ExpectedError;
  expect(exitCode).toBe(EXIT.failed);
  if (hint.startsWith('Nothing was changed.')) {
    expect(sorted(now)).toBe(sorted(OLD));
  } else if (hint.startsWith('No file was changed, but')) {
    expect(outsideOfState(now)).toBe(sorted(OLD));
  } else {
    expect(hint).toMatch(/Some files are new and others old/);
    expect(Object.keys(now)).toContain('.tsuru-service/journal.json');
  }
}

async function attempt(work: () => Promise<Applied>): Promise<{ error: unknown; applied: Applied | undefined }> {
  try {
    return { error: undefined, applied: await work() };
  } catch (error) {
    return { error, applied: undefined };
  }
}

async function callsOf(end: End = 'kill', disk?: FileSystem): Promise<number> {
  const project = fresh();
  const counting = stoppingAt(Infinity, end, disk);
  await run(project, counting.fs);
  expect(stateOfDisk(project)).toBe('new');
  return counting.calls.length;
}

describe.each(named)('a regeneration that meets $name', ({ end }) => {
  it('at any step, leaves what it says, and after the next start all that was or all that is new', async () => {
    const calls = await callsOf(end);
    const ends = new Set<string>();
    for (let call = 1; call <= calls; call++) {
      const project = fresh();
      const { error, applied } = await attempt(() => run(project, stoppingAt(call, end).fs));
      if (end !== 'kill') expectTruth(project, error, applied);
      await recover(diskOf(project), project);
      ends.add(stateOfDisk(project));
      expect({ call, state: stateOfDisk(project) }).toEqual({ call, state: expect.stringMatching(/^(old|new)$/) as string });
      const base = stateOfDisk(project) === 'old' ? 'base' : 'base.jsonl';
      expect(fs.readdirSync(join(project, '.tsuru-service'))).toEqual([base, 'lock.json']);
      workshop.clear(project);
    }
    expect([...ends].sort()).toEqual(['new', 'old']);
  });
});

describe.each(named)('a recovery that meets $name', ({ end }) => {
  it('at any step, says so without a stack, and the one after it ends what was begun', { timeout: 300_000 }, async () => {
    const calls = await callsOf();
    let failures = 0;
    for (let first = 1; first <= calls; first += 9) {
      const project = fresh();
      await attempt(() => run(project, stoppingAt(first, 'kill').fs));
      // The key to its journal as well.
      const stopped = `${join(project, '..')}-stopped`;
      fs.cpSync(join(project, '..'), stopped, { recursive: true });
      for (let call = 1; ; call += end === 'kill' ? 3 : 11) {
        // At the very same path: a journal is of one project, in one place.
        fs.rmSync(join(project, '..'), { recursive: true });
        fs.cpSync(stopped, join(project, '..'), { recursive: true });
        const stopping = stoppingAt(call, end);
        try {
          await recover(diskOf(project, stopping.fs), project);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpectedError);
        }
        await recover(diskOf(project), project);
        expect({ first, call, state: stateOfDisk(project) }).toEqual({
          ...{ first, call },
          state: expect.stringMatching(/^(old|new)$/) as string,
        });
        if (!stopping.isStopped()) break;
        failures++;
      }
      fs.rmSync(stopped, { recursive: true });
      workshop.clear(project);
    }
    expect(failures).toBeGreaterThan(calls / 9);
  });
});

describe.each(['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK', 'EXDEV'])('a disk whose answer to a hard link is %s', (code) => {
  it('is written to all the same, all or nothing, by copies', async () => {
    const ends = new Set<string>();
    for (const end of ['kill', { error: 'ENOSPC', isLasting: true }, { error: 'EIO', isLasting: false }] as const) {
      const calls = await callsOf(end, withoutLinks(code));
      // The answers are treated alike: one of them is tried at every step.
      for (let call = 1; call <= calls; call += code === 'EPERM' ? 1 : 17) {
        const project = fresh();
        const { error, applied } = await attempt(() => run(project, stoppingAt(call, end, withoutLinks(code)).fs));
        if (end !== 'kill') expectTruth(project, error, applied);
        await recover(diskOf(project, withoutLinks(code)), project);
        expect({ call, state: stateOfDisk(project) }).toEqual({
          call,
          state: expect.stringMatching(/^(old|new)$/) as string,
        });
        ends.add(stateOfDisk(project));
        workshop.clear(project);
      }
    }
    expect([...ends].sort()).toEqual(['new', 'old']);
  });
});

/** Ways to save a file: in place; and under another name first, as many editors do. */
const SAVES = {
  'in place': (place: string, text: string) => {
    fs.mkdirSync(join(place, '..'), { recursive: true });
    fs.writeFileSync(place, text);
  },
  'by a rename': (place: string, text: string) => {
    fs.mkdirSync(join(place, '..'), { recursive: true });
    fs.writeFileSync(`${place}~`, text);
    fs.renameSync(`${place}~`, place);
  },
};
const TARGETS = ['a.txt', 'b/deep/b.txt', 'log.txt', 'n/deep/n.txt'];
const saves = Object.entries(SAVES).flatMap(([how, save]) => TARGETS.map((path) => ({ how, save, path })));

/** Where a text of the owner's is now. */
function findIn(project: string, text: string): string[] {
  return Object.entries(textsBelow(project)).flatMap(([path, content]) => (content === text ? [path] : []));
}

describe.each(saves)('$path, saved $how', { timeout: 300_000 }, ({ path, save }) => {
  it('at any moment of a run, is in its place or in a backup that the run names', async () => {
    const mine = 'what I have just saved\n';
    const counting = interrupted(Infinity, () => undefined);
    await run(fresh(), counting);
    const outcomes = { refused: 0, done: 0 };
    for (let call = 1; call <= counting.calls(); call++) {
      const project = fresh();
      const { error, applied } = await attempt(() =>
        run(project, interrupted(call, () => { save(join(project, path), mine); })),
      );
      const found = findIn(project, mine);
      expect({ call, found }).toEqual({ call, found: expect.arrayContaining([expect.any(String)]) as string[] });
      if (error === undefined) {
        outcomes.done++;
        const kept = applied?.kept.map((one) => one.kept) ?? [];
        expect(found).toContain(kept[0] ?? path);
      } else {
        outcomes.refused++;
        expect((error as ExpectedError).exitCode).toBe(EXIT.inTheWay);
        expect(found).toEqual([path]);
        expect(sorted({ ...filesOf(project), [path]: '' })).toBe(sorted({ ...OLD, [path]: '' }));
      }
      workshop.clear(project);
    }
    expect(Math.min(outcomes.done, outcomes.refused)).toBeGreaterThan(0);
  });

  it('after a run was killed at any step, is in its place or in a backup that the next one names', async () => {
    const mine = 'what I wrote after that\n';
    const calls = await callsOf();
    for (let call = 1; call <= calls; call++) {
      const project = fresh();
      await attempt(() => run(project, stoppingAt(call, 'kill').fs));
      save(join(project, path), mine);
      const { kept } = await recover(diskOf(project), project);
      const found = findIn(project, mine);
      expect({ call, found }).toEqual({ call, found: [kept[0]?.kept ?? path] });
      const others = { ...filesOf(project), [path]: '' };
      expect([sorted({ ...OLD, [path]: '' }), sorted({ ...NEW, [path]: '' })]).toContain(sorted(others));
      workshop.clear(project);
    }
  });
});

describe('a checkout of everything after a kill', () => {
  it('loses nothing, and the next run finishes', async () => {
    const calls = await callsOf();
    for (let call = 1; call <= calls; call++) {
      const project = fresh();
      await attempt(() => run(project, stoppingAt(call, 'kill').fs));
      for (const [path, text] of Object.entries(OLD)) SAVES['by a rename'](join(project, path), text);
      const checkedOut = filesOf(project);
      const { kind } = await recover(diskOf(project), project);
      if (kind === 'finished') expect(stateOfDisk(project)).toBe('new');
      else expect(outsideOfState(filesOf(project))).toBe(outsideOfState(checkedOut));
      expect(fs.existsSync(join(project, '.tsuru-service/backup'))).toBe(false);
      workshop.clear(project);
    }
  });
});

describe('a regeneration of a whole project', () => {
  it('that is killed at some of its many steps leaves all or nothing', { timeout: 600_000 }, async () => {
    const old = await workshop.project();
    withOldRecord(old);
    const wanted = workshop.copyOf(old);
    await regenerateIn(wanted, (answers) => ({
      ...answers,
      framework: 'hono',
      endpoints: [{ name: 'x', method: 'GET', path: '/x', action: 'x', description: 'x' }],
    }));
    const texts = (directory: string) => Object.fromEntries([...seen(directory)].map(([path, { content }]) => [path, content]));
    const whole = operationsBetween(texts(old), texts(wanted));
    const counting = stoppingAt(Infinity, 'kill');
    const disk = (directory: string, from: FileSystem = fs): Disk => ({ fs: from, stateFolders: [stateOf(directory)], machine });
    const carry = async (directory: string, from: FileSystem) => {
      const started = await begin(disk(directory, from), directory);
      try {
        return await applyOperations(started, whole);
      } finally {
        started.end();
      }
    };
    const counted = workshop.copyOf(old);
    await carry(counted, counting.fs);
    expect(contents(counted)).toEqual(contents(wanted));
    const calls = counting.calls.length;
    const met = new Set<string>();
    for (let call = 1; call <= calls; call += Math.floor(calls / 60)) {
      const project = workshop.copyOf(old);
      await attempt(() => carry(project, stoppingAt(call, 'kill').fs));
      await recover(disk(project), project);
      const now = JSON.stringify(contents(project));
      const state = now === JSON.stringify(contents(wanted)) ? 'new' : now === JSON.stringify(contents(old)) ? 'old' : '';
      expect({ call, state }).toEqual({ call, state: expect.stringMatching(/old|new/) as string });
      met.add(state);
      workshop.clear(project);
    }
    expect([...met].sort()).toEqual(['new', 'old']);
  });
});
