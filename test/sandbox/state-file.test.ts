import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { EXIT, ExpectedError } from '../../src/errors.ts';
import type { EventRecord, State } from '../../src/sandbox/state/records.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { freshState, seed } from '../../src/sandbox/state/seed.ts';
import { openStateFile, type WritingFileSystem } from '../../src/sandbox/state/state-file.ts';
import { machine } from '../support/disks.ts';

const TOKEN = 'a'.repeat(40);

let directory: string;
let path: string;
let said: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'state-'));
  path = join(directory, 'state.json');
  said = [];
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const open = (disk?: WritingFileSystem) => openStateFile(path, machine, (text) => said.push(text), disk);

/** A state with one of everything that a user can put into it. */
function fullState(): State {
  const state = freshState(TOKEN);
  seed(state, 'team');
  const parameters = JSON.parse('{"__proto__": {"a": [1, null]}, "constructor": "x"}') as Record<string, string>;
  state.services.push({
    ...{ name: 'db', username: '', password: 'secret', endpoints: { production: 'http://a' }, ownerTeams: ['team'], teams: [] },
    ...{ doc: '', isMultiCluster: false, encoding: '' },
    manifest: { enabled: true, strict_actions: false, legacy_compat: true, operations: [{ method: 'GET', path: '/a', action: 'a' }] },
  });
  state.instances.push({
    ...{ name: 'i1', service: 'db', plan: '', apps: ['app1'], jobs: [], teams: ['team'], teamOwner: 'team', description: '', tags: [] },
    ...{ parameters, pool: '' },
  });
  state.events.push(event('1', true));
  return state;
}

function event(id: string, Running: boolean): EventRecord {
  const target = { Type: 'service', Value: 'db' };
  return {
    ...{ UniqueID: id, Lock: Running ? target : null, StartTime: '', EndTime: '', Target: target, ExtraTargets: null },
    ...{ Kind: { Type: 'permission', Name: 'service.create' }, Owner: { Type: 'user', Name: 'u' }, SourceIP: '', Error: '', Log: '' },
    ...{ StructuredLog: null, Running, Allowed: { Scheme: '', Contexts: [] }, AllowedCancel: { Scheme: '', Contexts: [] }, start: [{ name: 'a', value: ['b'] }] },
  };
}

function refusal(): ExpectedError {
  try {
    open();
  } catch (error) {
    if (error instanceof ExpectedError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('the file of a state', () => {
  it('gives back what was saved, and only its owner reads it', () => {
    const first = open();
    expect(first.kept).toBeUndefined();
    const state = fullState();
    first.save({ token: TOKEN, state });
    first.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['state.json']);
    const second = open();
    expect(second.kept?.token).toBe(TOKEN);
    expect(JSON.parse(JSON.stringify(second.kept?.state))).toEqual(JSON.parse(JSON.stringify(state)));
    second.close();
  });

  it('has keys such as __proto__ as they were sent, and they reach no prototype', () => {
    const first = open();
    first.save({ token: TOKEN, state: fullState() });
    first.close();
    const second = open();
    const parameters = second.kept?.state.instances[0]?.parameters ?? {};
    expect(Object.keys(parameters)).toEqual(['__proto__', 'constructor']);
    expect([Object.getPrototypeOf(parameters), ({} as Record<string, unknown>)['a']]).toEqual([null, undefined]);
    second.close();
  });

  it.each([
    ['no JSON', 'x', /not valid JSON|Unexpected token/],
    ['a list', '[]', /version 1/],
    ['nothing', 'null', /not the state of a sandbox/],
    ['an empty file', '', /JSON/],
    ['another version', '{"version":2}', /not a state of version 1/],
    ['no token', '{"version":1}', /token/],
    ['a token that is no text', '{"version":1,"token":["aaaaaaaaaaaaaaaaaaaaaaaaa"]}', /token/],
    ['no state', `{"version":1,"token":"${TOKEN}"}`, /state is not an object/],
    ['fields behind a prototype', `{"version":1,"token":"${TOKEN}","state":{"__proto__":{"users":[]}}}`, /state\.users is not a list/],
    ['a field of another kind', `{"version":1,"token":"${TOKEN}","state":{"users":[{"email":1}]}}`, /state\.users\[0\]\.email is not a text/],
  ])('is refused if it has %s, with the exit code for unreadable files', (_, text, message) => {
    writeFileSync(path, text);
    const error = refusal();
    expect([error.exitCode, error.message]).toEqual([EXIT.unreadable, expect.stringMatching(message)]);
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(readdirSync(directory)).toEqual(['state.json']);
  });

  it('is refused if values in it are nested deeper than anything of use', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const state = JSON.stringify({ ...fullState(), instances: [{ ...fullState().instances[0], parameters: { a: '?' } }] });
    writeFileSync(path, `{"version":1,"token":"${TOKEN}","state":${state.replace('"?"', deep)}}`);
    expect(refusal().exitCode).toBe(EXIT.unreadable);
  });

  it.each<[string, () => void]>([
    ['a file of 100 MB', () => { writeFileSync(path, ''); truncateSync(path, 100_000_000); }],
    ['a directory', () => { mkdirSync(path); }],
    ['a link', () => { writeFileSync(join(directory, 'other'), 'mine'); symlinkSync('other', path); }],
    ['a link to nothing', () => { symlinkSync('nothing', path); }],
    ['a pipe', () => { execFileSync('mkfifo', [path]); }],
  ])('is refused if it is %s', (_, make) => {
    make();
    expect(refusal().exitCode).toBe(EXIT.unreadable);
  });

  it('is written through no link that was put beside it', () => {
    writeFileSync(join(directory, 'other'), 'mine');
    symlinkSync('other', `${path}.new`);
    const file = open();
    file.save({ token: TOKEN, state: fullState() });
    file.close();
    expect([said, readFileSync(join(directory, 'other'), 'utf8')]).toEqual([[], 'mine']);
    expect(readFileSync(path, 'utf8')).toContain(TOKEN);
  });

  it('needs a directory that exists', () => {
    path = join(directory, 'none/state.json');
    expect(refusal()).toMatchObject({ exitCode: EXIT.inTheWay });
  });
});

describe('a sandbox whose disk is full', () => {
  it('goes on, says so once, and writes again when there is room', () => {
    let isFull = false;
    const disk: WritingFileSystem = {
      ...fs,
      writeFileSync: (file, data, options) => {
        if (isFull) throw new Error('ENOSPC: no space left on device');
        fs.writeFileSync(file, data, options);
      },
    };
    const file = open(disk);
    file.save({ token: TOKEN, state: freshState(TOKEN) });
    const before = readFileSync(path, 'utf8');
    isFull = true;
    for (let time = 0; time < 3; time++) file.save({ token: TOKEN, state: fullState() });
    expect(said).toEqual([expect.stringMatching(/in memory only.*no space left/)]);
    expect(readFileSync(path, 'utf8')).toBe(before);
    isFull = false;
    file.save({ token: TOKEN, state: fullState() });
    expect(readFileSync(path, 'utf8')).toContain('"i1"');
    file.close();
    expect(readdirSync(directory)).toEqual(['state.json']);
  });
});

/** Saves larger and larger states until it is killed. */
const SAVING = `
import { openStateFile } from ${JSON.stringify(join(import.meta.dirname, '../../src/sandbox/state/state-file.ts'))};
import { freshState } from ${JSON.stringify(join(import.meta.dirname, '../../src/sandbox/state/seed.ts'))};
import { machineOf } from ${JSON.stringify(join(import.meta.dirname, '../../src/project/machine.ts'))};
const file = openStateFile(process.argv[1], machineOf(process), console.error);
const state = file.kept?.state ?? freshState('${TOKEN}');
for (let count = state.teams.length; ; count++) {
  state.teams.push({ name: 'team-' + count, tags: [] });
  file.save({ token: '${TOKEN}', state });
  process.stdout.write(count + '\\n');
}`;

describe('the file of a state and other processes', () => {
  const saver = () =>
    spawn(process.execPath, ['--import', 'ts-blank-space/register', '--input-type=module', '--eval', SAVING, path], { stdio: ['ignore', 'pipe', 'inherit'] });

  it('has all that was saved when its process is killed, and belongs to the next one', async () => {
    let saved = 0;
    for (let time = 1; time <= 4; time++) {
      const child = saver();
      let output = '';
      const enough = new Promise<void>((resolve) => {
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          output += text;
          if (output.split('\n').length > 5 * time) resolve();
        });
      });
      await enough;
      child.kill('SIGKILL');
      await once(child, 'close');
      const last = Number(output.trim().split('\n').at(-1));
      expect(last).toBeGreaterThan(saved);
      const { state } = JSON.parse(readFileSync(path, 'utf8')) as { state: State };
      // One more may have been saved that was not said.
      expect([last + 1, last + 2]).toContain(state.teams.length);
      saved = last;
    }
    open().close();
  });

  it('is refused while another process uses it, and free afterwards', async () => {
    const child = saver();
    await once(child.stdout, 'data');
    expect(refusal()).toMatchObject({ exitCode: EXIT.inTheWay, message: `Another sandbox uses ${path}.` });
    child.kill('SIGKILL');
    await once(child, 'close');
    open().close();
  });

  it('is refused beside a lock that is none', () => {
    writeFileSync(`${path}.lock`, 'x');
    expect(refusal()).toMatchObject({ exitCode: EXIT.inTheWay, hint: expect.stringContaining(`delete ${path}.lock`) as string });
  });
});

describe('a sandbox with a file', () => {
  it('has the same token and the same state after a restart, and what ran has ended', async () => {
    const before = open();
    before.save({ token: TOKEN, state: fullState() });
    before.close();
    const stateFile = open();
    const sandbox = await startSandbox({ stateFile, team: 'team' });
    expect(sandbox.token).toBe(TOKEN);
    const reply = await fetch(`${sandbox.address}/1.0/services/instances`, { headers: { Authorization: `bearer ${TOKEN}` } });
    expect(await reply.text()).toContain('"i1"');
    await sandbox.close();
    stateFile.close();
    const { state } = JSON.parse(readFileSync(path, 'utf8')) as { state: State };
    expect(state.events[0]).toMatchObject({ Running: false, Lock: null, Error: 'the sandbox ended before it was done' });
    expect(state.teams.map(({ name }) => name)).toEqual(['team']);
  });

  it('keeps the last thousand events, and those that run', async () => {
    const state = fullState();
    state.events = Array.from({ length: 1500 }, (_, index) => event(String(index), false));
    const before = open();
    before.save({ token: TOKEN, state });
    before.close();
    const stateFile = open();
    const sandbox = await startSandbox({ stateFile });
    await sandbox.close();
    stateFile.close();
    const { events } = (JSON.parse(readFileSync(path, 'utf8')) as { state: State }).state;
    expect([events.length, events[0]?.UniqueID]).toEqual([1000, '500']);
  });
});
