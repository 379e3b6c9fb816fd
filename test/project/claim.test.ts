import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { begin } from '../../src/project/apply.ts';
import { Root } from '../../src/project/root.ts';
import { claim, ownMark, refuseOthers } from '../../src/project/claim.ts';
import { EXIT } from '../../src/errors.ts';
import { needs } from '../support/needs.ts';
import { machine } from '../support/disks.ts';
import { FAST_DISK } from '../support/project.ts';

const script = fileURLToPath(new URL('../support/claimant.ts', import.meta.url));

let scratch: string;
let project: string;
let children: ChildProcess[];
beforeEach(() => {
  scratch = fs.mkdtempSync(join(FAST_DISK, 'claim-'));
  project = join(scratch, 'project');
  fs.mkdirSync(join(project, '.tsuru-service'), { recursive: true });
  fs.writeFileSync(join(project, '.tsuru-service/lock.json'), '{}');
  fs.writeFileSync(join(scratch, 'log'), '');
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  fs.rmSync(scratch, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  stderr: string;
}

function start(held: number): { child: ChildProcess; ended: Promise<Ended> } {
  const args = [script, project, join(scratch, 'state'), join(scratch, 'log'), String(held)];
  const child = spawn(process.execPath, ['--import', 'ts-blank-space/register', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, stderr })) };
}

const log = () => fs.readFileSync(join(scratch, 'log'), 'utf8').trim().split('\n').filter(Boolean);
const claims = () => fs.readdirSync(join(project, '.tsuru-service')).filter((name) => name.startsWith('running-'));

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(5);
}

describe('runs in one project', { timeout: 120_000 }, () => {
  it('have it one after the other, however many start at once; the others end with 4 and say so', async () => {
    const runs = await Promise.all(Array.from({ length: 8 }, () => start(1500).ended));
    const entries = log();
    // One run is out before the next is in.
    for (let at = 0; at < entries.length; at += 2) {
      const [pid] = entries[at]?.split(' ') ?? [];
      expect(entries.slice(at, at + 2)).toEqual([`${pid} in`, `${pid} out`]);
    }
    expect(entries.length).toBeGreaterThan(0);
    expect(runs.filter(({ code }) => code === 0)).toHaveLength(entries.length / 2);
    for (const { code, stderr } of runs.filter((run) => run.code !== 0)) {
      expect({ code, stderr }).toEqual({
        code: EXIT.inTheWay,
        stderr: expect.stringMatching(/^Another run is changing this project \(process \d+\)\.\n$/) as string,
      });
    }
    expect(claims()).toEqual([]);
  });

  it('do not wait for one that was killed, and clear it away, however many find it', async () => {
    const killed = start(600_000);
    await until(() => log().length === 1);
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect(claims()).toHaveLength(1);
    const runs = await Promise.all(Array.from({ length: 6 }, () => start(1500).ended));
    const entries = log().slice(1);
    for (let at = 0; at < entries.length; at += 2) {
      const [pid] = entries[at]?.split(' ') ?? [];
      expect(entries.slice(at, at + 2)).toEqual([`${pid} in`, `${pid} out`]);
    }
    expect(entries.length).toBeGreaterThan(0);
    for (const { code } of runs) expect([0, EXIT.inTheWay]).toContain(code);
    expect(claims()).toEqual([]);
  });

  it('leave alone the journal and the claim of one that is at work', async () => {
    const working = start(600_000);
    await until(() => log().length === 1);
    fs.mkdirSync(join(project, '.tsuru-service/stage/new'), { recursive: true });
    fs.writeFileSync(join(project, '.tsuru-service/stage/new/0'), 'being written');
    const before = fs.readdirSync(join(project, '.tsuru-service'), { recursive: true }).sort();
    await expect(begin({ fs, stateFolders: [join(scratch, 'state')], machine }, project)).rejects.toMatchObject({
      exitCode: EXIT.inTheWay,
      message: `Another run is changing this project (process ${working.child.pid}).`,
      hint: expect.stringContaining(claims()[0] as string) as string,
    });
    expect(fs.readdirSync(join(project, '.tsuru-service'), { recursive: true }).sort()).toEqual(before);
  });

  it('are told apart from a later process with the same id', async () => {
    const working = start(600_000);
    await until(() => log().length === 1);
    const [name = ''] = claims();
    const root = new Root(fs, project);
    expect(() => {
      refuseOthers(root, machine);
    }).toThrow(/Another run/);
    const [word, host, pid, , random] = name.split('-');
    fs.renameSync(
      join(project, '.tsuru-service', name),
      join(project, '.tsuru-service', [word, host, pid, '000000000001', random].join('-')),
    );
    refuseOthers(root, machine);
    (await claim(root, machine))();
    expect(claims()).toEqual([]);
    working.child.kill('SIGKILL');
    await working.ended;
  });

  it('do not wait for one that has ended while its parent has not collected its exit code', async (context) => {
    needs(context, 'the /proc of Linux', process.platform === 'linux');
    // The shell becomes the program `sleep`, which never collects the exit code of what the shell had started.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 600'], { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(parent);
    const pid = String((await once(parent.stdout, 'data'))[0]).trim();
    const statOf = () => fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? '';
    await until(() => statOf().startsWith('Z'));
    const [host = ''] = ownMark(machine).split('-');
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    const start = createHash('sha256').update(`${boot} ${statOf().split(' ')[19]}`).digest('hex').slice(0, 12);
    fs.writeFileSync(join(project, '.tsuru-service', `running-${host}-${pid}-${start}-0123456789ab`), '');
    (await claim(new Root(fs, project), machine))();
    expect(claims()).toEqual([]);
  });

  it('end where no file can be made, and do not retry forever', async () => {
    const hopeless = {
      ...fs,
      openSync: () => {
        throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
      },
    };
    await expect(claim(new Root(hopeless, project), machine)).rejects.toThrow('ENOENT');
  });

  it('count as at work on a machine that is out of sight', async () => {
    const name = 'running-0123456789ab-1-0-0123456789ab';
    fs.writeFileSync(join(project, '.tsuru-service', name), '');
    await expect(claim(new Root(fs, project), machine)).rejects.toMatchObject({
      exitCode: EXIT.inTheWay,
      message: 'Another run is changing this project (process 1 on another machine or container).',
      hint: `Wait for it to finish. If it is gone, delete .tsuru-service/${name}.`,
    });
    expect(claims()).toEqual([name]);
  });

  it('give way to each other when they meet, and the one that sees the other first does not win', async () => {
    // The worst moment: both have said so before either has looked.
    start(600_000);
    await until(() => log().length === 1);
    const [other = ''] = claims();
    const place = join(project, '.tsuru-service', other);
    fs.rmSync(place);
    let isMeeting = true;
    const meeting = {
      ...fs,
      readdirSync: ((path: string) => {
        if (isMeeting) fs.writeFileSync(place, '');
        isMeeting = false;
        return fs.readdirSync(path);
      }) as typeof fs.readdirSync,
    };
    await expect(claim(new Root(meeting, project), machine)).rejects.toMatchObject({ exitCode: EXIT.inTheWay });
    expect(claims()).toEqual([other]);
  });
});
