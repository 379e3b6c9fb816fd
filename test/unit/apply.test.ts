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
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { apply, recover, type FileSystem } from '../../src/engine/apply.ts';
import { toTree, type Tree } from '../../src/engine/tree.ts';
import { stoppingAt } from '../support/stopping.ts';

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

describe('writing a project', () => {
  let parent: string;
  let directory: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'apply-'));
    directory = join(parent, 'project');
  });
  afterEach(() => {
    rmSync(parent, { recursive: true, force: true });
  });

  it('makes a new directory, its parents, and the permissions of its files', () => {
    apply(fs, join(directory, 'x/y'), tree);
    expect(filesOf(join(directory, 'x/y'))).toEqual(whole);
    expect(statSync(join(directory, 'x/y/.env')).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(directory, 'x'))).toEqual(['y']);
  });

  it('fills a directory that exists, and leaves what is in it', () => {
    mkdirSync(join(directory, '.git'), { recursive: true });
    writeFileSync(join(directory, '.git/HEAD'), 'mine');
    writeFileSync(join(directory, 'LICENSE'), 'mine');
    apply(fs, directory, tree);
    expect(filesOf(directory)).toEqual({ ...whole, '.git/HEAD': 'mine', LICENSE: 'mine' });
  });

  describe.each(['new', 'existing'] as const)('in a directory that is %s', (kind) => {
    const before = kind === 'new' ? {} : { LICENSE: 'mine' };

    function prepare(): void {
      rmSync(parent, { recursive: true, force: true });
      mkdirSync(kind === 'new' ? parent : directory, { recursive: true });
      if (kind === 'existing') writeFileSync(join(directory, 'LICENSE'), 'mine');
    }

    /** How many calls of the file system the whole takes. */
    function callsOf(): number {
      prepare();
      const counting = stoppingAt(Infinity, 'error');
      apply(counting, directory, tree);
      expect(filesOf(directory)).toEqual({ ...before, ...whole });
      return counting.calls;
    }

    it('leaves everything as it was when any step fails', () => {
      const calls = callsOf();
      expect(calls).toBeGreaterThan(tree.size);
      for (let call = 1; call <= calls; call++) {
        prepare();
        try {
          apply(stoppingAt(call, 'error'), directory, tree);
        } catch {
          // What it says is tested elsewhere.
        }
        const after = filesOf(directory);
        const isOld = JSON.stringify(after) === JSON.stringify(before);
        const hasAll = Object.entries(whole).every(([path, text]) => after[path] === text);
        expect({ call, isOld, hasAll: isOld || hasAll }).toEqual({ call, isOld, hasAll: true });
      }
    });

    it('leaves all or nothing, after the next start, when it is killed at any step', () => {
      const calls = callsOf();
      for (let call = 1; call <= calls; call++) {
        prepare();
        expect(() => {
          apply(stoppingAt(call, 'kill'), directory, tree);
        }).toThrow();
        if (kind === 'existing') recover(fs, directory);
        const after = filesOf(directory);
        const complete = { ...before, ...whole };
        expect([JSON.stringify(before), JSON.stringify(sorted(complete))]).toContain(JSON.stringify(sorted(after)));
      }
    });
  });

  it('never replaces what appears in the meantime, and takes back what it wrote', () => {
    mkdirSync(directory);
    const intruding: FileSystem = {
      ...fs,
      renameSync: (from, to) => {
        writeFileSync(join(directory, 'a.txt'), 'theirs');
        fs.renameSync(from, to);
      },
    };
    expect(() => {
      apply(intruding, directory, tree);
    }).toThrow(/could not be written/);
    expect(filesOf(directory)).toEqual({ 'a.txt': 'theirs' });
  });

  it('clears away what a killed run left beside the directory, but not that of a run that goes on', () => {
    mkdirSync(join(parent, '.project.999999999.partial/x'), { recursive: true });
    mkdirSync(join(parent, `.project.${process.ppid}.partial`));
    apply(fs, directory, tree);
    expect(readdirSync(parent).sort()).toEqual([`.project.${process.ppid}.partial`, 'project']);
  });

  it('says where it failed when the place cannot be written', () => {
    writeFileSync(join(parent, 'file'), '');
    expect(() => {
      apply(fs, join(parent, 'file/project'), tree);
    }).toThrow(/could not be written.*file/);
  });
});

function sorted(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}
