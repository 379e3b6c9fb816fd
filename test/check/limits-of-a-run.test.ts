import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { CHECKS } from '../../src/check/checks/index.ts';
import type { RunFacts } from '../../src/check/report/facts.ts';
import { QUIET, runChecks } from '../../src/check/run.ts';
import { checkedAt } from './broken/reference.ts';
import { runCheck } from './support/command.ts';
import { serveEachTest } from './support/served.ts';

const served = serveEachTest();

const json = async (...args: string[]) => {
  const { code, stdout } = await runCheck([served.running.url.href, '--format', 'json', ...args]);
  return { code, facts: JSON.parse(stdout) as RunFacts };
};

describe('--max-time', () => {
  it('ends the checks, and a must that was not run to its end fails the run', async () => {
    const dispatch = served.service.dispatch.bind(served.service);
    let creates = 0;
    served.service.dispatch = (incoming) =>
      // The first one is of the preflight.
      incoming.method === 'POST' && incoming.target === '/resources' && creates++ > 0 ? new Promise(() => undefined) : dispatch(incoming);
    const { code, facts } = await json('--max-time', '0.2', '--only', 'create.success,create.repeat');
    expect([code, facts.ending, facts.left]).toEqual([1, 'overdue', []]);
    expect(facts.summary.unfinished).toBeGreaterThan(0);
    expect(facts.summary.failed.must).toBe(0);
  });

  it('leaves a run that ends in time alone', async () => {
    const { code, facts } = await json('--max-time', '60', '--only', 'plans');
    expect([code, facts.ending]).toEqual([0, 'complete']);
  });
});

describe('a run that is stopped before its first check', () => {
  it('makes no call, and names nothing', async () => {
    let calls = 0;
    const handle = served.service.handle.bind(served.service);
    served.service.handle = (incoming) => {
      calls++;
      return handle(incoming);
    };
    const stopped = AbortSignal.abort();
    const run = await runChecks(checkedAt(served.running.url), CHECKS, { signal: stopped }, QUIET);
    expect([calls, run.ending, run.left]).toEqual([0, 'interrupted', []]);
    expect(new Set(run.results.map(({ outcome }) => outcome))).toEqual(new Set(['unfinished']));
  });
});

describe('--report', () => {
  it('that cannot be written is an error before any call', async () => {
    let calls = 0;
    served.service.plans = () => ({ status: 200, body: [{ name: `p${calls++}` }] });
    const { code, stdout, stderr } = await runCheck([served.running.url.href, '--report', 'none/report.html'], { cwd: served.cwd });
    expect([code, stdout, calls]).toEqual([4, '', 0]);
    expect(stderr).toMatch(/The file of --report cannot be written: .*none\/report\.html[^]*directory that exists/);
  });

  it('that can be written is not there before the end', async () => {
    const seen: string[][] = [];
    const plans = served.service.plans.bind(served.service);
    served.service.plans = () => {
      seen.push(readdirSync(served.cwd));
      return plans();
    };
    await runCheck([served.running.url.href, '--only', 'plans', '--report', 'report.html'], { cwd: served.cwd });
    expect(seen.flat()).toEqual([]);
    expect(readFileSync(join(served.cwd, 'report.html'), 'utf8')).toContain('plans.readable');
  });
});

describe('a stop', () => {
  it('removes the instances first, and in a hurry names them instead', async () => {
    const [stop, hurry] = [new AbortController(), new AbortController()];
    const [createAgain, destroy] = [served.service.createAgain.bind(served.service), served.service.destroy.bind(served.service)];
    served.service.createAgain = (...given) => {
      stop.abort();
      return createAgain(...given);
    };
    served.service.destroy = (...given) => {
      if (!stop.signal.aborted) return destroy(...given);
      hurry.abort();
      return { status: 500 };
    };
    const run = await runCheck([served.running.url.href, '--only', 'create.repeat'], { signal: stop.signal, hurry: hurry.signal });
    expect(run.code).toBe(130);
    expect(run.stderr).toMatch(/Stopping: .*Ctrl-C once more[^]*Cancelled before the instances were removed/);
    for (const name of served.service.instances.keys()) expect(run.stdout).toContain(`# ${name}\n`);
    expect(served.service.instances.size).toBeGreaterThan(0);
  });
});

describe('a stop during the preflight', () => {
  it('in a hurry names what the preflight made', async () => {
    const [stop, hurry] = [new AbortController(), new AbortController()];
    const bindApp = served.service.bindApp.bind(served.service);
    served.service.bindApp = (...given) => {
      stop.abort();
      return bindApp(...given);
    };
    let removals = 0;
    served.service.destroy = () => {
      removals++;
      hurry.abort();
      return { status: 500 };
    };
    const run = await runCheck([served.running.url.href, '--only', 'create'], { signal: stop.signal, hurry: hurry.signal });
    const [name] = served.service.instances.keys();
    expect([run.code, removals]).toEqual([130, 1]);
    expect(run.stdout).toContain(`# ${String(name)}\n`);
  });
});

describe('the certificate of a service', () => {
  let secure: Server;
  let url: string;
  beforeEach(async () => {
    const [key, cert] = [join(served.cwd, 'key.pem'), join(served.cwd, 'cert.pem')];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=test'];
    execFileSync('openssl', [...request, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    secure = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      served.running.server.emit('request', request, response);
    });
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    secure.closeAllConnections();
    await new Promise((resolve) => secure.close(resolve));
  });

  it.each([
    ['is refused unless its authority is known', [], 4],
    ['is taken with --ca', ['--ca', 'cert.pem'], 0],
    ['is taken with --insecure', ['--insecure'], 0],
  ])('%s', async (_, args, expected) => {
    const there = args.map((word) => (word === 'cert.pem' ? join(served.cwd, word) : word));
    expect((await runCheck([url, '--only', 'plans', ...there])).code).toBe(expected);
  });

  it.each([
    [['--ca', 'none.pem'], /--ca cannot be used: .*none\.pem/],
    [['--ca', 'key.pem'], /--ca cannot be used: .*key\.pem is not a file of certificates/],
    [['--ca', 'cert.pem', '--insecure'], /--ca and --insecure exclude each other/],
  ])('%j is wrong usage', async (args, message) => {
    const there = args.map((word) => (word.endsWith('.pem') ? join(served.cwd, word) : word));
    const { code, stderr } = await runCheck([url, ...there]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
