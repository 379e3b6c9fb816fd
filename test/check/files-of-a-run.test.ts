import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { PASSWORD, USERNAME } from './broken/reference.ts';
import { runCheck } from './support/command.ts';
import { serveEachTest } from './support/served.ts';

const served = serveEachTest();

const fileOf = async (option: string, name: string, ...args: string[]) => {
  await runCheck([served.running.url.href, option, name, ...args], { cwd: served.cwd });
  return readFileSync(join(served.cwd, name), 'utf8');
};

interface Har {
  log: {
    version: string;
    creator: { name: string; version: string };
    entries: {
      startedDateTime: string;
      time: number;
      comment?: string;
      request: Record<string, unknown> & { method: string; url: string; headers: { name: string; value: string }[] };
      response: Record<string, unknown> & { status: number; content: { text: string }; redirectURL: string };
    }[];
  };
}

describe('--har', () => {
  it('writes every request and reply, those of the clean-up included, as HAR 1.2', async () => {
    const requested: string[] = [];
    served.running.server.on('request', ({ method, url }) => requested.push(`${String(method)} ${String(url)}`));
    const text = await fileOf('--har', 'all.har', '--only', 'create.success,plans');
    const { log } = JSON.parse(text) as Har;
    expect([log.version, log.creator]).toEqual(['1.2', { name: 'create-tsuru-service', version: '0.0.0' }]);
    const made = log.entries.map(({ request }) => `${request.method} ${new URL(request.url).pathname}`);
    // The others, one create among them, are of the preflight.
    const [others, all] = [requested.slice(0, -made.length), requested.slice(-made.length)];
    expect(made.toSorted()).toEqual(all.toSorted());
    expect(others.filter((one) => one === 'POST /resources')).toHaveLength(1);
    const creates = log.entries.filter(({ request }) => request.method === 'POST');
    expect(creates.map(({ comment }) => comment)).toEqual(['create.success (form)', 'create.success (form)']);
    expect(creates[0]).toMatchObject({
      startedDateTime: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      time: expect.any(Number) as number,
      cache: {},
      timings: { send: 0, wait: creates[0]?.time, receive: 0 },
      request: {
        ...{ url: `${served.running.url.origin}/resources`, httpVersion: 'HTTP/1.1', cookies: [], queryString: [], headersSize: -1 },
        postData: { mimeType: 'application/x-www-form-urlencoded', text: expect.stringContaining('team=check-team') as string },
      },
      response: { status: 201, statusText: '', httpVersion: 'HTTP/1.1', cookies: [], headersSize: -1, redirectURL: '', bodySize: 0 },
    });
    expect(log.entries.some(({ request, comment }) => request.method === 'DELETE' && comment === undefined)).toBe(true);
    const starts = log.entries.map(({ startedDateTime }) => startedDateTime);
    expect(starts).toEqual(starts.toSorted());
  });

  it('has no password, in the credentials and elsewhere', async () => {
    served.service.refuse = (status) => ({ status, body: { message: `not ${PASSWORD}` } });
    const text = await fileOf('--har', 'secret.har', '--only', 'auth,create.unknown-plan');
    // The variables of binds are in it.
    expect(statSync(join(served.cwd, 'secret.har')).mode & 0o077).toBe(0);
    expect(text).not.toContain(PASSWORD);
    expect(text).not.toContain(Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64'));
    const { log } = JSON.parse(text) as Har;
    const sent = log.entries.flatMap(({ request }) => request.headers).filter(({ name }) => name === 'Authorization');
    expect(new Set(sent.map(({ value }) => value))).toEqual(new Set(['***']));
    expect(log.entries.some(({ response }) => response.content.text.includes('not ***'))).toBe(true);
  });

  it('has an entry for each redirect, and a status of 0 where there is no reply', async () => {
    const dispatch = served.service.dispatch.bind(served.service);
    served.service.dispatch = (incoming) =>
      incoming.target === '/resources/plans' ? { status: 308, headers: { location: '/resources/plans?page=1' } } : dispatch(incoming);
    const { log } = JSON.parse(await fileOf('--har', 'hops.har', '--only', 'plans.readable')) as Har;
    const [first, second] = log.entries;
    expect([first?.request.url, first?.response.status, first?.response.redirectURL]).toEqual([
      `${served.running.url.origin}/resources/plans`,
      308,
      '/resources/plans?page=1',
    ]);
    expect(second?.request).toMatchObject({
      url: `${served.running.url.origin}/resources/plans?page=1`,
      queryString: [{ name: 'page', value: '1' }],
    });
    const hung = JSON.parse(await fileOf('--har', 'hung.har', '--only', 'http.hang-up')) as Har;
    expect(hung.log.entries.map(({ response }) => response)).toContainEqual(
      expect.objectContaining({ status: 0, _error: 'hung up' }),
    );
  });
});

describe('--badge', () => {
  const checks = ['--only', 'plans'];

  it('writes what an endpoint of shields.io replies', async () => {
    expect(JSON.parse(await fileOf('--badge', 'badge.json', ...checks))).toEqual({
      ...{ schemaVersion: 1, label: 'tsuru contract', message: '4 of 4', color: 'brightgreen' },
    });
  });

  it.each([
    ['a detail', [{ name: 'small', description: '' }], '3 of 4', 'brightgreen'],
    ['a should', [{ name: 'small', description: 'S' }, { name: '', description: 'N' }], '3 of 4', 'yellow'],
    ['a must', 'none', '0 of 4', 'red'],
  ])('tells by its colour that %s is broken', async (_, body, message, color) => {
    served.service.plans = () => ({ status: 200, body });
    expect(JSON.parse(await fileOf('--badge', 'badge.json', ...checks))).toMatchObject({ message, color });
  });

  it('writes an image as .svg', async () => {
    const image = await fileOf('--badge', 'badge.svg', ...checks);
    expect(image).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg".*aria-label="tsuru contract: 4 of 4".*fill="#4c1".*<\/svg>\n$/);
  });
});

it.each(['--har', '--badge'])('%s that cannot be written is an error before the run', async (option) => {
  const { code, stdout, stderr } = await runCheck([served.running.url.href, option, 'none/file'], { cwd: served.cwd });
  expect([code, stdout]).toEqual([4, '']);
  expect(stderr).toContain(`The file of ${option} cannot be written`);
});
