import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, it } from 'vitest';

import { Reference, serve } from './broken/reference.ts';
import { runCheck } from './support/command.ts';

/** Waits for `check --watch` to print a text as many times as it was asked for it. */
class Output {
  private text = '';
  private asked = 0;
  private wake = (): void => undefined;

  readonly add = (text: string): void => {
    this.text += text;
    this.wake();
  };

  async next(text: string): Promise<void> {
    this.asked++;
    while (this.text.split(text).length <= this.asked) await new Promise<void>((resolve) => (this.wake = resolve));
  }
}

it('--watch checks again once the service was away and is back, until it is stopped', async () => {
  const service = new Reference();
  const running = await serve(service);
  const { port } = running.server.address() as AddressInfo;
  const [stop, output] = [new AbortController(), new Output()];
  const args = [running.url.href, '--only', 'plans.readable', '--watch'];
  const run = runCheck(args, { signal: stop.signal, onOutput: output.add });
  await output.next('Waiting for the service to restart');
  await running.close();

  // A proxy in front of a service that starts: still away. It is looked at, then the service is there, broken.
  const seen = new Promise<void>((resolve) => {
    const proxy = createServer((_request, response) => {
      response.writeHead(502).end();
      proxy.close(() => {
        resolve();
      });
      proxy.closeIdleConnections();
    }).listen(port, '127.0.0.1');
  });
  await seen;
  service.plans = () => ({ status: 200, body: 'none' });
  const restarted = createServer((request, response) => {
    running.server.emit('request', request, response);
  });
  await new Promise<void>((resolve) => restarted.listen(port, '127.0.0.1', resolve));
  await output.next('Waiting for the service to restart');
  stop.abort();

  const { code, stdout } = await run;
  restarted.closeAllConnections();
  await new Promise((resolve) => restarted.close(resolve));
  expect(code).toBe(130);
  expect(stdout.match(/^Checking /gm)).toHaveLength(2);
  expect(stdout).toMatch(/1 passed[^]*1 must failed/);
});

it('--watch waits for a service that is not there yet', async () => {
  const { url, server, close } = await serve(new Reference());
  const { port } = server.address() as AddressInfo;
  await close();
  const [stop, output] = [new AbortController(), new Output()];
  const run = runCheck([url.href, '--only', 'plans.readable', '--watch'], { signal: stop.signal, onOutput: output.add });
  await output.next('Waiting for the service to restart');
  const started = createServer((request, response) => {
    server.emit('request', request, response);
  });
  await new Promise<void>((resolve) => started.listen(port, '127.0.0.1', resolve));
  await output.next('Waiting for the service to restart');
  stop.abort();
  const { code, stdout, stderr } = await run;
  started.closeAllConnections();
  await new Promise((resolve) => started.close(resolve));
  expect([code, stdout.includes('1 passed')]).toEqual([130, true]);
  expect(stderr).toContain('cannot be reached');
});

it('--watch does not check again while a service that it cannot use stays there', async () => {
  const service = new Reference();
  let [isWatched, looks] = [false, 0];
  let enough = (): void => undefined;
  const lookedAt = new Promise<void>((resolve) => (enough = resolve));
  service.isAuthorized = () => {
    if (isWatched && ++looks > 6) enough();
    return false;
  };
  const { url, close } = await serve(service);
  const [stop, output] = [new AbortController(), new Output()];
  const run = runCheck([url.href, '--only', 'plans.readable', '--watch'], { signal: stop.signal, onOutput: output.add });
  await output.next('Waiting for the service to restart');
  isWatched = true;
  await lookedAt;
  stop.abort();
  const { code, stdout, stderr } = await run;
  await close();
  expect([code, stdout.match(/Waiting for/g)?.length, stderr.match(/refuses the user name/g)?.length]).toEqual([130, 1, 1]);
});

it('--watch is wrong usage with another format', async () => {
  const { code, stderr } = await runCheck(['http://127.0.0.1:1', '--watch', '--format', 'json']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('--watch and --format exclude each other')]);
});
