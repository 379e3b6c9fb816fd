import * as fs from 'node:fs';
import { dirname, join } from 'node:path';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { create } from '../../src/commands/create.ts';
import { endpoint } from '../../src/commands/endpoint.ts';
import { apply, applyOperations, begin, recover, type Operation } from '../../src/project/apply.ts';
import type { Disk } from '../../src/project/proof.ts';
import { toTree } from '../../src/render/tree.ts';
import { EXIT, ExpectedError } from '../../src/errors.ts';
import { fill, machine, textsBelow } from '../support/disks.ts';
import { runProgram } from '../support/programs.ts';
import { FAST_DISK, templates, regenerateIn, stateOf, Workshop } from '../support/project.ts';
import { stoppingAt } from '../support/stopping.ts';

const workshop = new Workshop(FAST_DISK);
afterAll(() => {
  workshop.close();
});

let project: string;
let outside: string;
beforeEach(async () => {
  project = await workshop.project();
  outside = join(dirname(project), 'outside');
  fill(outside, { 'precious.txt': 'precious', 'lock.json': 'precious', 'src/app.ts': 'precious', '0': 'precious' });
});

const at = (path: string) => join(project, path);
const diskOf = (directory: string): Disk => ({ fs, stateFolders: [stateOf(directory)], machine });

const terminal = {
  ...{ columns: 100, canRedraw: false, write: () => undefined, writeError: () => undefined },
  ...{ bold: String, dim: String, green: String, red: String },
};
const contextFor = (argv: string[]) => ({
  ...{ argv, cwd: project, terminal, machine, prompts: undefined, templates, runProgram, newPassword: () => 'x' },
  environment: { ...process.env, XDG_STATE_HOME: stateOf(project) },
  signal: new AbortController().signal,
});

/** Every command that reads or writes a project. */
const COMMANDS: Record<string, () => Promise<unknown>> = {
  regenerate: () => regenerateIn(project, (answers) => ({ ...answers, framework: 'hono' })),
  'regenerate --check': () => regenerateIn(project, undefined, { check: true }),
  'regenerate --dry-run': () => regenerateIn(project, (answers) => ({ ...answers, team: 'x' }), { dryRun: true }),
  'regenerate --restore': () => regenerateIn(project, undefined, { restore: ['src/app.ts'] }),
  'endpoint add': () => endpoint(contextFor(['add', 'backups', '--no-install'])),
  'endpoint list': () => endpoint(contextFor(['list'])),
  create: () => create(contextFor(['.', '--yes', '--no-install', '--no-git'])),
};

/** Puts a link to a place outside where something of the project was. */
function replaceByLink(path: string, target = outside): void {
  fs.rmSync(at(path), { recursive: true, force: true });
  fs.mkdirSync(dirname(at(path)), { recursive: true });
  fs.symlinkSync(target, at(path));
}

/** Every file, link and directory below a directory, without following any. */
function entriesOf(directory: string): string[] {
  return fs
    .readdirSync(directory, { recursive: true, withFileTypes: true })
    .map((entry) => `${join(entry.parentPath, entry.name)} ${entry.isSymbolicLink() ? 'link' : ''}`)
    .filter((entry) => !entry.includes('/running-'))
    .sort();
}

async function endOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    return error;
  }
}

/** Links that a repository can bring, and the commands that have to do with what they stand for. */
const LINKS: [path: string, target: string, commands: string[]][] = [
  ['.tsuru-service', '', Object.keys(COMMANDS)],
  ['.tsuru-service/stage', '', ['regenerate', 'endpoint add', 'create', 'regenerate --restore']],
  ['.tsuru-service/base.jsonl', 'precious.txt', ['regenerate', 'regenerate --check', 'regenerate --dry-run', 'endpoint add']],
  ['.tsuru-service/base', '', ['regenerate', 'regenerate --check', 'regenerate --dry-run', 'endpoint add']],
  ['.tsuru-service/journal.json', 'precious.txt', Object.keys(COMMANDS).filter((name) => name !== 'endpoint list')],
  ['.tsuru-service/lock.json', 'lock.json', Object.keys(COMMANDS)],
  ['tsuru-service.yaml', 'precious.txt', Object.keys(COMMANDS)],
  ['src', 'src', ['regenerate', 'regenerate --check', 'regenerate --dry-run', 'endpoint add']],
  ['src/app.ts', 'src/app.ts', ['regenerate', 'regenerate --check', 'regenerate --dry-run', 'endpoint add']],
];

describe.each(LINKS.flatMap(([path, target, commands]) => commands.map((command) => ({ path, target, command }))))(
  '$command in a repository whose $path is a link',
  ({ path, target, command }) => {
    it('is refused with 4, and nothing is touched, there or outside', async () => {
      replaceByLink(path, join(outside, target));
      const before = [entriesOf(dirname(project)), textsBelow(outside)];
      const end = await endOf(COMMANDS[command] as () => Promise<unknown>);
      expect(end).toBeInstanceOf(ExpectedError);
      expect(end).toMatchObject({ exitCode: EXIT.inTheWay, message: expect.stringContaining(`${path} is a symbolic link; refusing to`) as string });
      expect([entriesOf(dirname(project)), textsBelow(outside)]).toEqual(before);
    });
  },
);

describe('a repository with links inside its folders', () => {
  it.each([
    ['.tsuru-service/backup', { exitCode: EXIT.inTheWay }],
    ['.tsuru-service/stage/new', { code: 0 }],
    ['.tsuru-service/stage/old', { code: 0 }],
  ])(
    'as %s has nothing written or removed outside',
    async (path, end) => {
      fs.appendFileSync(at('README.md'), 'mine\n');
      replaceByLink(path);
      for (const framework of ['hono', 'express'] as const) {
        expect(await endOf(() => regenerateIn(project, (answers) => ({ ...answers, framework })))).toMatchObject(end);
      }
      expect(textsBelow(outside)).toEqual({
        ...{ 'precious.txt': 'precious', 'lock.json': 'precious', 'src/app.ts': 'precious', '0': 'precious' },
      });
    },
  );

  it('has a new project beside its files refused where one is on the way', async () => {
    const directory = join(dirname(project), 'new');
    fs.mkdirSync(directory);
    fs.symlinkSync(outside, join(directory, 'src'));
    const file = { content: Buffer.from('x'), fileClass: 'merged' as const, mode: 0o644 };
    const before = textsBelow(outside);
    const tree = toTree([
      ['a.txt', file],
      ['src/app.ts', file],
    ]);
    await expect(apply(diskOf(project), directory, tree)).rejects.toMatchObject({
      exitCode: EXIT.inTheWay,
      message: expect.stringContaining('src is a symbolic link') as string,
    });
    expect(textsBelow(outside)).toEqual(before);
    expect(fs.readdirSync(directory)).toEqual(['src']);
  });

  it('may itself be reached through one', async () => {
    const link = join(dirname(project), 'link');
    fs.symlinkSync(project, link);
    expect((await regenerateIn(link, (answers) => ({ ...answers, framework: 'hono' }))).code).toBe(0);
    expect(fs.lstatSync(link).isSymbolicLink()).toBe(true);
    expect(fs.readFileSync(at('src/app.ts'), 'utf8')).toContain('hono');
  });
});

const STEPS: Operation[] = [
  { path: 'src/app.ts', before: undefined, after: Buffer.from('new'), mode: 0o644 },
  { path: 'src/tsuru/mine.ts', before: undefined, after: Buffer.from('new'), mode: 0o644 },
];

/** Stops a run in a project after its journal is there, and before its first step. */
async function stopHalfWay(): Promise<void> {
  const steps = STEPS.map((step) => ({
    ...step,
    before: fs.existsSync(at(step.path)) ? fs.readFileSync(at(step.path)) : undefined,
  }));
  const copy = workshop.copyOf(project);
  for (let call = 1; !fs.existsSync(at('.tsuru-service/journal.json')); call++) {
    fs.rmSync(project, { recursive: true });
    fs.cpSync(copy, project, { recursive: true });
    const disk = { ...diskOf(project), fs: stoppingAt(call, 'kill').fs };
    await endOf(async () => applyOperations(await begin(disk, project), steps));
  }
}

describe('a journal', () => {
  it('of this project and machine is followed', async () => {
    await stopHalfWay();
    expect(await recover(diskOf(project), project)).toMatchObject({ kind: 'finished' });
    expect(fs.readFileSync(at('src/app.ts'), 'utf8')).toBe('new');
  });

  it('with a step behind a link is refused whole', async () => {
    await stopHalfWay();
    fs.renameSync(at('src/tsuru'), join(outside, 'tsuru'));
    fs.symlinkSync(join(outside, 'tsuru'), at('src/tsuru'));
    const before = [textsBelow(outside), fs.readFileSync(at('src/app.ts'), 'utf8')];
    await expect(recover(diskOf(project), project)).rejects.toMatchObject({
      exitCode: EXIT.inTheWay,
      message: expect.stringContaining('src/tsuru is a symbolic link') as string,
    });
    expect([textsBelow(outside), fs.readFileSync(at('src/app.ts'), 'utf8')]).toEqual(before);
    fs.unlinkSync(at('src/tsuru'));
    fs.renameSync(join(outside, 'tsuru'), at('src/tsuru'));
    expect(await recover(diskOf(project), project)).toMatchObject({ kind: 'finished' });
  });

  /** Ways in which a repository can have one. */
  const brought: Record<string, () => Promise<void> | void> = {
    'written by hand': () => {
      fs.mkdirSync(at('.tsuru-service/stage/new'), { recursive: true });
      fs.writeFileSync(at('.tsuru-service/stage/new/0'), 'theirs');
      const operations = [{ path: 'src/app.ts', kind: 'replace' }];
      fs.writeFileSync(
        at('.tsuru-service/journal.json'),
        JSON.stringify({ version: 1, direction: 'forward', operations }),
      );
    },
    'in today’s form, signed with a key of its own': () => {
      const journal = JSON.stringify({ direction: 'forward', steps: [], directories: [] });
      fs.writeFileSync(at('.tsuru-service/journal.json'), JSON.stringify({ version: 2, signature: '0'.repeat(64), journal }));
    },
    'of another project, or of this one in another place': async () => {
      await stopHalfWay();
      const copy = workshop.copyOf(project);
      await recover(diskOf(project), project);
      project = copy;
    },
    'changed by one letter': async () => {
      await stopHalfWay();
      const text = fs.readFileSync(at('.tsuru-service/journal.json'), 'utf8');
      fs.writeFileSync(at('.tsuru-service/journal.json'), text.replace('src/app.ts', 'src/apq.ts'));
    },
    'that is not JSON': () => {
      fs.writeFileSync(at('.tsuru-service/journal.json'), '{');
    },
    'with a key that it brings as well, where the home is in the project': async () => {
      await stopHalfWay();
      const inside = at('.tsuru-service/backup/create-tsuru-service');
      fs.cpSync(stateOf(project), inside, { recursive: true });
      fs.rmSync(stateOf(project), { recursive: true });
      fs.symlinkSync(inside, stateOf(project));
    },
    'whose key others may have written': async () => {
      await stopHalfWay();
      fs.chmodSync(stateOf(project), 0o777);
    },
  };

  it.each(Object.entries(brought))('%s is not believed, and nothing is touched', async (_name, bring) => {
    await bring();
    const before = textsBelow(project);
    for (const command of ['regenerate', 'endpoint add', 'create']) {
      const end = await endOf(COMMANDS[command] as () => Promise<unknown>);
      expect(end).toMatchObject({
        exitCode: EXIT.inTheWay,
        message: expect.stringContaining('.tsuru-service/journal.json is not trusted') as string,
        hint: expect.stringContaining('delete it and .tsuru-service/stage') as string,
      });
      expect(textsBelow(project)).toEqual(before);
    }
    fs.rmSync(stateOf(project), { recursive: true, force: true });
    fs.rmSync(at('.tsuru-service/journal.json'));
    expect((await regenerateIn(project)).code).toBe(0);
  });

  it('has its key in no folder of the project, not one behind a link either, and none is made', async () => {
    fs.symlinkSync(outside, at('state'));
    const before = entriesOf(dirname(project));
    const run = await begin({ fs, stateFolders: [at('.local/state/x'), at('state/x')], machine }, project);
    await expect(applyOperations(run, STEPS.slice(1))).rejects.toMatchObject({
      hint: expect.stringMatching(/^Nothing was changed/) as string,
      message: expect.stringMatching(/local\/state\/x is inside the project.*state\/x is inside the project/) as string,
    });
    run.end();
    expect(entriesOf(dirname(project))).toEqual(before);
  });

  it('is what one that looks is told of, also when the record is being replaced', async () => {
    fs.renameSync(at('tsuru-service.yaml'), at('.tsuru-service/moved'));
    fs.writeFileSync(at('.tsuru-service/journal.json'), '{}');
    for (const command of ['regenerate --check', 'regenerate --dry-run', 'endpoint list']) {
      expect(await endOf(COMMANDS[command] as () => Promise<unknown>)).toMatchObject({
        exitCode: EXIT.inTheWay,
        message: 'An earlier run was interrupted.',
      });
    }
  });

  it('is not begun where no key to it can be kept', async () => {
    fs.rmSync(stateOf(project), { recursive: true, force: true });
    fs.writeFileSync(stateOf(project), 'a file');
    const before = textsBelow(project);
    const run = await begin(diskOf(project), project);
    await expect(applyOperations(run, STEPS.slice(1))).rejects.toMatchObject({
      exitCode: EXIT.failed,
      hint: expect.stringMatching(/Nothing was changed[^]*XDG_STATE_HOME/) as string,
    });
    run.end();
    fs.rmSync(stateOf(project));
    expect(textsBelow(project)).toEqual(before);
  });
});
