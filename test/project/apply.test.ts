import * as fs from 'node:fs';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { apply, recover } from '../../src/project/apply.ts';
import { ownMark } from '../../src/project/claim.ts';
import type { Disk } from '../../src/project/proof.ts';
import type { FileSystem } from '../../src/project/root.ts';
import { toTree, type Tree } from '../../src/render/tree.ts';
import { EXIT, ExpectedError } from '../../src/errors.ts';
import { machine } from '../support/disks.ts';
import { FAST_DISK } from '../support/project.ts';
import { stoppingAt, type End } from '../support/stopping.ts';

const tree: Tree = toTree(
  Object.entries({
    'a.txt': 'a',
    'deep/er/b.txt': 'b',
    '.env': 'secret',
    '.tsuru-service/lock.json': '{}',
    'deep/c.txt': 'c',
  }).map(([path, text]) => [
    path,
    { content: Buffer.from(text), fileClass: 'merged' as const, mode: path === '.env' ? 0o600 : 0o644 },
  ]),
);

/** Every file below a directory, with its content. */
function filesOf(directory: string): Record<string, string> {
  if (!existsSync(directory)) return {};
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(directory, name)).isFile(),
  );
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

const whole = Object.fromEntries([...tree].map(([path, { content }]) => [path, content.toString()]));

describe('writing a project', { timeout: 60_000 }, () => {
  let parent: string;
  let directory: string;
  beforeEach(() => {
    parent = mkdtempSync(join(FAST_DISK, 'apply-'));
    directory = join(parent, 'in/project');
    mkdirSync(join(parent, 'in'));
  });
  afterEach(() => {
    rmSync(parent, { recursive: true, force: true });
  });

  const diskOf = (disk: FileSystem = fs): Disk => ({ fs: disk, stateFolders: [join(parent, 'state')], machine });

  it('makes a new directory, its parents, and the permissions of its files', async () => {
    await apply(diskOf(), join(directory, 'x/y'), tree);
    expect(filesOf(join(directory, 'x/y'))).toEqual(whole);
    expect(statSync(join(directory, 'x/y/.env')).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(directory, 'x'))).toEqual(['y']);
  });

  it('fills a directory that exists, and leaves what is in it', async () => {
    mkdirSync(join(directory, '.git'), { recursive: true });
    writeFileSync(join(directory, '.git/HEAD'), 'mine');
    writeFileSync(join(directory, 'LICENSE'), 'mine');
    await apply(diskOf(), directory, tree);
    expect(filesOf(directory)).toEqual({ ...whole, '.git/HEAD': 'mine', LICENSE: 'mine' });
  });

  describe.each(['new', 'existing'] as const)('in a directory that is %s', (kind) => {
    const before = kind === 'new' ? {} : { LICENSE: 'mine' };
    const ends: End[] = ['ENOSPC', 'EIO', 'EACCES', 'EPERM'].flatMap((error) =>
      [false, true].map((isLasting) => ({ error, isLasting })),
    );

    function prepare(): void {
      rmSync(parent, { recursive: true, force: true });
      mkdirSync(kind === 'new' ? join(parent, 'in') : directory, { recursive: true });
      if (kind === 'existing') writeFileSync(join(directory, 'LICENSE'), 'mine');
    }

    /** How many calls of the file system the whole takes. */
    async function callsOf(end: End): Promise<number> {
      prepare();
      const counting = stoppingAt(Infinity, end);
      await apply(diskOf(counting.fs), directory, tree);
      expect(filesOf(directory)).toEqual({ ...before, ...whole });
      expect(counting.calls.length).toBeGreaterThan(tree.size);
      return counting.calls.length;
    }

    /** The files without what the next run clears away. */
    const filesNow = () =>
      sorted(Object.fromEntries(Object.entries(filesOf(directory)).filter(([path]) => !path.includes('/running-'))));

    it.each(ends)('leaves what it says when any step fails with $error, lasting: $isLasting', async (end) => {
      const calls = await callsOf(end);
      for (let call = 1; call <= calls; call++) {
        prepare();
        let error: unknown;
        let leftOver: string[] = [];
        try {
          ({ leftOver } = await apply(diskOf(stoppingAt(call, end).fs), directory, tree));
        } catch (thrown) {
          error = thrown;
        }
        const after = filesNow();
        if (error === undefined) {
          if (leftOver.length === 0) expect(after).toEqual(sorted({ ...before, ...whole }));
        } else {
          expect(error).toBeInstanceOf(ExpectedError);
          const { hint, exitCode } = error as ExpectedError;
          expect(exitCode).toBe(EXIT.failed);
          expect(hint).toMatch(/^(Nothing was changed|No file was changed|.*Some files are new and others old)/);
          if (hint.startsWith('Nothing was changed')) expect({ call, after }).toEqual({ call, after: sorted(before) });
        }
        if (existsSync(directory)) await recover(diskOf(), directory);
        expect([sorted(before), sorted({ ...before, ...whole })]).toContainEqual(filesNow());
      }
    });

    it('leaves all or nothing, after the next start, when it is killed at any step', async () => {
      const calls = await callsOf('kill');
      const met = new Set<number>();
      for (let call = 1; call <= calls; call++) {
        prepare();
        await apply(diskOf(stoppingAt(call, 'kill').fs), directory, tree).catch(() => undefined);
        if (kind === 'existing') await recover(diskOf(), directory);
        expect([sorted(before), sorted({ ...before, ...whole })]).toContainEqual(filesNow());
        met.add(Object.keys(filesNow()).length);
      }
      expect(met.size).toBe(2);
    });
  });

  it('never replaces what appears in the meantime, and takes back what it wrote', async () => {
    mkdirSync(directory);
    const intruding: FileSystem = {
      ...fs,
      renameSync: (from, to) => {
        writeFileSync(join(directory, 'a.txt'), 'theirs');
        fs.renameSync(from, to);
      },
    };
    await expect(apply(diskOf(intruding), directory, tree)).rejects.toMatchObject({
      exitCode: EXIT.inTheWay,
      message: expect.stringContaining('a.txt') as string,
    });
    expect(filesOf(directory)).toEqual({ 'a.txt': 'theirs' });
  });

  it('gives way to a directory that another run makes in the meantime', async () => {
    const intruding: FileSystem = {
      ...fs,
      renameSync: (from, to) => {
        mkdirSync(directory);
        writeFileSync(join(directory, 'a.txt'), 'theirs');
        fs.renameSync(from, to);
      },
    };
    await expect(apply(diskOf(intruding), directory, tree)).rejects.toMatchObject({
      exitCode: EXIT.inTheWay,
      hint: expect.stringContaining('Nothing was changed') as string,
    });
    expect(filesOf(join(parent, 'in'))).toEqual({ 'project/a.txt': 'theirs' });
  });

  it('clears away what a killed run left beside the directory, but not that of a run that goes on', async () => {
    const [host = '', , start = ''] = ownMark(machine).split('-');
    const stageOf = (...mark: string[]) => `.project.${[...mark, '0123456789ab'].join('-')}.partial`;
    const stages = [
      // The same process id, of another process; and one of a container that has the directory as well.
      stageOf(host, String(process.ppid), '000000000001'),
      stageOf('0123456789ab', String(process.pid), start),
    ];
    for (const stage of stages) mkdirSync(join(parent, 'in', stage, 'x'), { recursive: true });
    await apply(diskOf(), directory, tree);
    expect(readdirSync(join(parent, 'in')).sort()).toEqual([stages[1], 'project']);
  });

  it('has a place of its own beside the directory for each run, also for those with one process id', async () => {
    const renamed: string[] = [];
    const noting: FileSystem = {
      ...fs,
      renameSync: (from, to) => {
        renamed.push(String(from));
        fs.renameSync(from, to);
      },
    };
    for (const name of ['one', 'one']) {
      await apply(diskOf(noting), join(parent, 'in', name), tree);
      rmSync(join(parent, 'in', name), { recursive: true });
    }
    expect(new Set(renamed).size).toBe(2);
  });

  it('removes nothing that it did not make when its own place is taken', async () => {
    const taken = join(parent, 'in/theirs');
    mkdirSync(taken, { recursive: true });
    let stage = '';
    const meeting: FileSystem = {
      ...fs,
      mkdirSync: ((path: string, options?: fs.MakeDirectoryOptions) => {
        if (path.endsWith('.partial')) {
          stage = path;
          fs.renameSync(taken, path);
        }
        return fs.mkdirSync(path, options);
      }) as typeof fs.mkdirSync,
    };
    await expect(apply(diskOf(meeting), directory, tree)).rejects.toMatchObject({ exitCode: EXIT.failed });
    expect(existsSync(stage)).toBe(true);
  });

  it('says where it failed when the place cannot be written', async () => {
    writeFileSync(join(parent, 'file'), '');
    await expect(apply(diskOf(), join(parent, 'file/project'), tree)).rejects.toThrow(/could not be written.*file/);
  });
});

function sorted(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}
