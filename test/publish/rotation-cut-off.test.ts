import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as nodeFileSystem from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { FileSystem } from '../../src/project/root.ts';
import { quiet } from '../support/cli.ts';
import { SECRET } from '../support/project.ts';
import { stoppingAt, type End } from '../support/stopping.ts';
import type { Cut } from './support/cut-proxy.ts';
import { only, rotatedProject, type RotatedProject } from './support/rotation-run.ts';

const ROTATE = ['--rotate-password'];

let project: RotatedProject;
beforeEach(async () => {
  project = await rotatedProject();
});
afterEach(() => project.close());

/** A run that is cut off leaves a state in which calls work, before the service starts again and after. */
async function expectCalls(what: string): Promise<void> {
  expect([what, await project.call()]).toEqual([what, []]);
  project.service.start();
  expect([what, await project.call()]).toEqual([what, []]);
}

/**
 * Finishes what was cut off, by the same command or by a plain one, and puts the first password back for the next.
 * @returns whether the rotation had begun
 */
async function finish(what: string, args: readonly string[]): Promise<boolean> {
  const { password = '', old } = await project.passwords();
  const { code, output } = await project.run(args);
  expect([what, code, output]).toEqual([what, 0, output]);
  const isBegun = old !== undefined;
  if (isBegun) expect(output).toContain('this finishes it');
  const due = isBegun || args.length === 0 ? password : project.made.at(-1);
  expect([what, await project.passwords()]).toEqual([what, only(due ?? '')]);
  expect([what, await project.call()]).toEqual([what, []]);
  expect([what, project.leftOvers()]).toEqual([what, []]);
  return isBegun;
}

describe('a rotation that is cut off', { timeout: 240_000 }, () => {
  const ENDS: [string, End][] = [
    ['a kill', 'kill'],
    ['an error', { error: 'EIO', isLasting: false }],
    ['a full disk', { error: 'ENOSPC', isLasting: true }],
  ];

  it.each(ENDS)('by %s at any call to the disk is finished by the next run, and calls work meanwhile', async (_, end) => {
    const owner = project.giveAway();
    const whole = stoppingAt(Infinity, end);
    expect((await project.run(ROTATE, { fs: whole.fs })).code).toBe(0);
    expect(whole.calls.length).toBeGreaterThan(20);
    // A trial for the manifest, then each of the three changes.
    expect(whole.calls.filter((name) => name === 'fchownSync')).toHaveLength(owner === undefined ? 0 : 4);
    let begun = 0;
    for (let call = 1; call <= whole.calls.length; call++) {
      const what = `${String(call)}: ${whole.calls[call - 1] ?? ''}`;
      const { fs, isStopped } = stoppingAt(call, end);
      await project.run(ROTATE, { fs });
      expect([what, isStopped()]).toEqual([what, true]);
      await expectCalls(what);
      if (await finish(what, call % 2 === 0 ? ROTATE : [])) begun++;
      if (owner !== undefined) expect([what, project.owners()]).toEqual([what, [owner, owner]]);
    }
    expect(begun).toBeGreaterThan(5);
  });

  it.each<Cut>(['before', 'after'])('by a connection that breaks %s Tsuru has a request is finished by the next run', async (when) => {
    project.proxy.cut(Infinity, when);
    expect((await project.run(ROTATE)).code).toBe(0);
    const { requests } = project.proxy;
    expect(requests.length).toBeGreaterThan(5);
    for (const [index, request] of requests.entries()) {
      project.proxy.cut(index + 1, when);
      await project.run(ROTATE);
      await expectCalls(request);
      await finish(request, index % 2 === 0 ? ROTATE : []);
    }
  });

  it('by a service that drops a request is finished by the next run', async () => {
    for (let request = 0; request < 12; request++) {
      let left = request;
      project.service.isAway = () => project.proxy.running() === 0 && left-- === 0;
      await project.run(ROTATE, { patience: 0 });
      project.service.isAway = () => false;
      await expectCalls(String(request));
      await finish(String(request), request % 2 === 0 ? ROTATE : []);
    }
  });

  it('leaves each file as it was when the disk is full, and says which', async () => {
    const full = (path: string): FileSystem => ({
      ...nodeFileSystem,
      openSync: ((...args: Parameters<typeof nodeFileSystem.openSync>) => {
        if (String(args[0]).endsWith(`${path}.rotating`)) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
        return nodeFileSystem.openSync(...args);
      }),
    });
    for (const path of ['.env', 'manifest.yaml']) {
      const before = project.read(path);
      const { code, output } = await project.run(ROTATE, { fs: full(path) });
      expect([code, output]).toEqual([1, expect.stringContaining(`${path} cannot be replaced: ENOSPC: no space left on device.`)]);
      expect(project.read(path)).toBe(before);
      await expectCalls(path);
    }
    await finish('at last', []);
  });

  it('changes nothing in a directory that cannot be written, where a plain publish works', async () => {
    const fs = unwritable('', 'EROFS');
    expect(await project.run(ROTATE, { fs })).toEqual(stateUnwritable('EROFS'));
    expect((await project.run([], { fs })).code).toBe(0);
    expect(await project.passwords()).toEqual(only(SECRET));
  });

  it.each(['EROFS', 'EACCES'])('goes on only where no other run can: .tsuru-service must be writable (%s)', async (code) => {
    const fs = unwritable('.tsuru-service/', code);
    expect(await project.run(ROTATE, { fs })).toEqual(stateUnwritable(code));
    expect(await project.passwords()).toEqual(only(SECRET));
    project.service.lag = Infinity;
    await project.run(ROTATE);
    project.service.start();
    for (const args of [ROTATE, []]) expect(await project.run(args, { fs })).toEqual(stateUnwritable(code));
    expect(await project.passwords()).toMatchObject({ old: SECRET, manifest: SECRET, tsuru: SECRET });
    await finish('once it is', []);
  });

  it('does not begin over another one, which began after it looked', async () => {
    const other = project.read('.env').replace(`SERVICE_PASSWORD=${SECRET}`, `SERVICE_PASSWORD=other\nSERVICE_OLD_PASSWORD=${SECRET}`);
    const fs: FileSystem = {
      ...nodeFileSystem,
      // The last moment: the trial for the manifest has ended.
      unlinkSync(path) {
        nodeFileSystem.unlinkSync(path);
        if (String(path).endsWith('manifest.yaml.rotating')) project.write('.env', other);
      },
    };
    const { code, output } = await project.run(ROTATE, { fs });
    expect([code, output]).toEqual([4, expect.stringContaining('The password in .env cannot be replaced: another change of it has begun.')]);
    expect(project.read('.env')).toBe(other);
  });

  it('ends before the first change if Tsuru cannot be asked', async () => {
    const before = project.read('.env');
    expect((await project.run(ROTATE, { environment: { TSURU_TOKEN: 'a-wrong-token' } })).code).toBe(4);
    expect((await project.run(ROTATE, { environment: { TSURU_TARGET: 'http://127.0.0.1:1' } })).code).toBe(4);
    expect(project.read('.env')).toBe(before);
    expect(project.made).toEqual([]);
  });

  it('keeps the old password while Tsuru does not reach the service', async () => {
    project.service.isAway = () => project.proxy.running() > 0;
    const { code, output } = await project.run(ROTATE);
    expect([code, output]).toEqual([1, expect.stringContaining('The rotation is unfinished: it ends when a token with service.read.plans shows')]);
    project.service.isAway = () => false;
    await expectCalls('while it does not');
    expect(await project.passwords()).toMatchObject({ old: SECRET });
    await finish('once it does', []);
  });

  it.each([1, 2, 3].flatMap((number) => (['before', 'after'] as const).map((when) => [when, number] as const)))('by a kill of its process %s change %i of a file is finished by the next run', async (when, number) => {
    const child = start(when, number);
    expect((await child.ended).signal).toBe('SIGKILL');
    await expectCalls('killed');
    const { password, old } = await project.passwords();
    const isBegun = number > 1 || when === 'after';
    expect(old).toBe(isBegun && !(number === 3 && when === 'after') ? SECRET : undefined);
    expect((await project.run([])).code).toBe(0);
    expect(await project.passwords()).toEqual(only(password ?? ''));
    expect(password === SECRET).toBe(!isBegun);
    expect(project.leftOvers()).toEqual([]);
  });

  it('by nothing goes on alone: another run at the same time ends with 4 and changes nothing', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const held = new Promise<void>((resolve) => {
      project.proxy.at = (request, when) => {
        if (!request.startsWith('PUT') || when === 'after') return Promise.resolve();
        resolve();
        return released;
      };
    });
    const child = start('never', 0);
    await held;
    for (const args of [ROTATE, []]) {
      const { code, output } = await project.run(args);
      expect([code, output]).toEqual([4, expect.stringContaining(`Another run is changing this project (process ${child.pid}).`)]);
    }
    expect(project.made).toEqual([]);
    release();
    expect((await child.ended).code).toBe(0);
    const { password = '', ...others } = await project.passwords();
    expect(others).toEqual({ manifest: password, tsuru: password });
    expect(project.leftOvers()).toEqual([]);
  });
});

/** A disk that takes no new file below a path of the project. */
function unwritable(below: string, code: string): FileSystem {
  return {
    ...nodeFileSystem,
    openSync: ((...args: Parameters<typeof nodeFileSystem.openSync>) => {
      const isNew = (Number(args[1]) & nodeFileSystem.constants.O_CREAT) !== 0;
      if (isNew && String(args[0]).startsWith(`${project.directory}/${below}`)) throw Object.assign(new Error(`${code}: it cannot be written`), { code });
      return nodeFileSystem.openSync(...args);
    }),
  };
}

/** The result of a rotation that cannot keep others out. */
function stateUnwritable(code: string): unknown {
  const state = join(project.directory, '.tsuru-service');
  return { code: 4, output: `The password cannot be changed here: another run could change it at the same time, since ${state} cannot be written (${code}).\nMake that directory writable for this user, then run the same command again.` };
}

const script = fileURLToPath(new URL('./support/publish-process.ts', import.meta.url));

/** Starts a rotation as a process of its own. */
function start(when: string, number: number): { pid: number; ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }> } {
  const environment = { ...quiet(), HOME: project.scratch, TSURU_TARGET: project.proxy.address, TSURU_TOKEN: project.sandbox.token };
  const args = ['--import', 'ts-blank-space/register', script, project.directory, when, String(number)];
  const child = spawn(process.execPath, args, { stdio: 'ignore', env: environment });
  const ended = once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null }));
  return { pid: child.pid ?? 0, ended };
}
