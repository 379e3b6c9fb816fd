import { describe, expect, it } from 'vitest';

import { CHECKS } from '../../../src/check/checks/index.ts';
import { preflight } from '../../../src/check/preflight.ts';
import { QUIET, runChecks } from '../../../src/check/run.ts';
import { ExpectedError } from '../../../src/errors.ts';
import { checkedAt } from '../broken/reference.ts';
import { HOSTILE } from './hostile.ts';
import { HANGING, reference, type Running } from './servers.ts';

// What answers in the end is given its time, on a busy machine too; what never does costs little.
const checked = ({ url }: Running, hangs = false) => checkedAt(url, { timeout: hangs ? 500 : 20_000 });

/** Uses a hostile server, and ends it. */
async function against<Result>(start: () => Promise<Running>, use: (server: Running) => Promise<Result>): Promise<Result> {
  const server = await start();
  try {
    return await use(server);
  } finally {
    await server.close();
  }
}

const SERVERS = HOSTILE.map((hostile) => [hostile.name, hostile] as const);

// The limit of each test is the bound: a run without an end would never reach its assertions.
describe.concurrent('the command ends, and says why', () => {
  it.each(SERVERS)('before the run, or lets it begin: %s', async (_name, { start, hangs, preflight: expected }) => {
    const ended = await against(start, (server) =>
      preflight(checked(server, hangs), CHECKS, new AbortController().signal).then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    if (expected === undefined) {
      expect(ended).toBeUndefined();
    } else {
      const { exit, message } = expected;
      expect(ended).toBeInstanceOf(ExpectedError);
      expect(ended).toMatchObject({ exitCode: exit, message: expect.stringMatching(message) as string });
    }
  });

  it.each(SERVERS)('at the end of a run: %s', { timeout: 120_000 }, async (_name, { start, hangs, endings, says }) => {
    await against(start, async (server) => {
      const limits = { signal: new AbortController().signal, maxTime: 30_000 };
      const run = await runChecks(checked(server, hangs), CHECKS, limits, QUIET);
      expect(endings).toContain(run.ending);
      expect(run.results.map(({ problem }) => problem)).toContainEqual(expect.stringMatching(says));
      // Whatever it leaves behind, it names.
      const named = run.left.map(({ name }) => name);
      expect(server.instances().filter((name) => !named.includes(name))).toEqual([]);
    });
  });

  it.each(SERVERS)('when its time is over: %s', { timeout: 120_000 }, async (_name, { start, hangs }) => {
    await against(start, async (server) => {
      const run = await runChecks(checked(server, hangs), CHECKS, { signal: new AbortController().signal, maxTime: 1 }, QUIET);
      expect(['overdue', 'lost']).toContain(run.ending);
      expect(run.results.filter(({ outcome }) => outcome === 'unfinished')).not.toEqual([]);
    });
  });

  it('when it is stopped twice while a removal hangs', async () => {
    const start = reference((service) => {
      service.destroy = () => HANGING;
    });
    await against(start, async (server) => {
      const [stop, hurry] = [new AbortController(), new AbortController()];
      const watcher = {
        onProgress: () => {
          if (server.instances().length < 3) return;
          stop.abort();
          hurry.abort();
        },
      };
      const run = await runChecks(checked(server, true), CHECKS, { signal: stop.signal, hurry: hurry.signal }, watcher);
      expect(run.ending).toBe('interrupted');
      expect(run.left.map(({ name }) => name)).toEqual(expect.arrayContaining(server.instances()));
      expect(server.instances()).not.toEqual([]);
    });
  });
});
