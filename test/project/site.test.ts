import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { commandMeant } from '../../src/terminal/commands.ts';
import { directoryProblem, directoryWord, filling, siteOf, siteText } from '../../src/project/site.ts';
import { obstacles, type Kind } from '../../src/project/plan.ts';
import { toTree, type Tree } from '../../src/render/tree.ts';

const tree: Tree = toTree(
  ['.env', '.gitignore', 'README.md', 'a.txt', 'src/b.ts'].map((path) => [
    path,
    { content: Buffer.from(`made ${path}\n`), fileClass: 'merged' as const, mode: path === '.env' ? 0o600 : 0o644 },
  ]),
);

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'directory-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

describe('a directory that is in use', () => {
  const NOTHING = { usual: [], collisions: [], blocked: [], others: [] };
  const look = (kinds: Record<string, Kind>) =>
    obstacles(tree, Object.keys(kinds), (path) => kinds[path] ?? 'nothing');

  it('counts as empty with version control, a readme, a licence and traces of editors', () => {
    const names = ['.git', 'README', 'LICENSE', 'LICENCE.md', 'COPYING', '.vscode', '.idea', '.DS_Store', 'Thumbs.db'];
    expect(look(Object.fromEntries(names.map((name) => [name, 'file'])))).toEqual(NOTHING);
  });

  it('lists separately the files that a new repository and the project both have', () => {
    expect(look({ '.gitignore': 'file', 'README.md': 'file' })).toEqual({
      ...NOTHING,
      usual: ['.gitignore', 'README.md'],
    });
  });

  it('lists the files that would be overwritten, and the others', () => {
    expect(look({ 'a.txt': 'file', 'thesis.doc': 'file', '.env': 'file' })).toEqual({
      ...NOTHING,
      collisions: ['.env', 'a.txt'],
      others: ['thesis.doc'],
    });
  });

  it('lists the files that cannot be overwritten', () => {
    expect(look({ '.env': 'other', 'a.txt': 'directory', src: 'file' }).blocked).toEqual(['src', '.env', 'a.txt']);
  });

  it('cannot be below a file, or have a name that is too long', () => {
    writeFileSync(join(cwd, 'file'), '');
    for (const [given, reason] of [
      ['file/my-db', 'a part of its path is a file'],
      ['x'.repeat(300), 'its name is too long'],
    ] as const) {
      const site = siteOf(join(cwd, given), tree);
      expect(site).toEqual({ kind: 'unreachable', reason });
      expect(siteText(given, site)).toBe(`${given} cannot be a directory: ${reason}.`);
      expect(directoryProblem(cwd, given)).toBeUndefined();
    }
  });

  it('is described without contradicting what is kept of it', () => {
    writeFileSync(join(cwd, 'README.md'), 'mine');
    writeFileSync(join(cwd, 'thesis.doc'), 'mine');
    expect(siteText('dir', siteOf(cwd, tree))).toBe(
      [
        'The directory dir is not empty.',
        'It has these files, which the project does not have:',
        '  thesis.doc',
        'dir: The existing README.md is kept in .tsuru-service/backup.',
      ].join('\n'),
    );
  });

  it('may itself be a link to a directory, but a link inside it is not followed', () => {
    mkdirSync(join(cwd, 'real'));
    symlinkSync('real', join(cwd, 'link'));
    symlinkSync('nothing', join(cwd, 'dangling'));
    expect(siteOf(join(cwd, 'link'), tree)).toEqual({ kind: 'free', usual: [] });
    expect(siteOf(join(cwd, 'dangling'), tree)).toEqual({ kind: 'linked' });
    symlinkSync('..', join(cwd, 'real/src'));
    expect(siteOf(join(cwd, 'real'), tree)).toMatchObject({ kind: 'occupied', blocked: ['src'] });
  });

  it('keeps replaced files, adds to its .gitignore, and leaves identical files', () => {
    writeFileSync(join(cwd, 'README.md'), 'mine', { mode: 0o640 });
    writeFileSync(join(cwd, 'a.txt'), 'made a.txt\n');
    writeFileSync(join(cwd, '.gitignore'), '*.tmp\n');
    const { operations, kept, backup } = filling(cwd, tree);
    expect([kept, backup]).toEqual([['README.md'], '.tsuru-service/backup/0001']);
    expect(operations.map(({ path, before, after, mode }) => [path, before?.toString(), after?.toString(), mode])).toEqual([
      ['.env', undefined, 'made .env\n', 0o600],
      ['.gitignore', '*.tmp\n', '*.tmp\nmade .gitignore\n', 0o644],
      ['.tsuru-service/backup/0001/README.md', undefined, 'mine', 0o640],
      ['README.md', 'mine', 'made README.md\n', 0o644],
      ['src/b.ts', undefined, 'made src/b.ts\n', 0o644],
    ]);
  });

  it('keeps a .gitignore that is not text', () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x0a]);
    writeFileSync(join(cwd, '.gitignore'), bytes);
    const { operations, kept } = filling(cwd, tree);
    expect(kept).toEqual(['.gitignore']);
    expect(operations.find(({ path }) => path.includes('/backup/'))?.after).toEqual(bytes);
  });
});

describe('a word in place of a directory', () => {
  it.each([
    ['regenerate', 'regenerate'],
    ['regenrate', 'regenerate'],
    ['Regen', 'regenerate'],
    ['endpoints', 'endpoint'],
    ['chek', 'check'],
    ['help', '--help'],
    ['list', 'endpoint list'],
    ['create', 'DIRECTORY'],
    ['new', 'DIRECTORY'],
    ['init', 'DIRECTORY'],
  ])('%s is taken for a command', (word, command) => {
    expect(commandMeant(word)).toBe(command);
    expect(directoryProblem(cwd, word)?.advice).toContain(`create-tsuru-service ${command}?`);
    expect(directoryProblem(cwd, `./${word}`)).toBeUndefined();
    expect(directoryWord(word)).toBe(`./${word}`);
  });

  it.each(['my-db', 'cache', 'redis', 'constructor', 'db', '-'])('%s is a directory', (word) => {
    expect(commandMeant(word)).toBeUndefined();
    expect(directoryProblem(cwd, word)).toBeUndefined();
  });
});

describe('a directory inside a project', () => {
  beforeEach(() => {
    writeFileSync(join(cwd, 'tsuru-service.yaml'), '');
    mkdirSync(join(cwd, 'src/deep'), { recursive: true });
  });

  it.each([
    ['.', 'my-db'],
    ['.', 'src/my-db'],
    ['src/deep', 'my-db'],
    ['src/deep', '.'],
    ['src/deep', '..'],
  ])('is refused, from %s: %s', (below, given) => {
    const found = directoryProblem(join(cwd, below), given);
    expect(found?.problem).toContain(`would be inside the service in ${cwd}`);
    expect(found?.advice).toMatch(/regenerate.*endpoint add.*\.\//);
  });

  it.each([
    ['.', './my-db'],
    ['src', './my-db'],
    ['.', '../my-db'],
    ['src', '..'],
  ])('is meant when it says so, and is no other when it is the project itself, from %s: %s', (below, given) => {
    expect(directoryProblem(join(cwd, below), given)).toBeUndefined();
  });
});
