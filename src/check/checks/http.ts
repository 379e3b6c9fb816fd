import type { Call } from '../../tsuru/calls.ts';
import type { Hop } from '../../tsuru/http.ts';
import { TOO_MANY_REDIRECTS } from '../../tsuru/redirects.ts';
import type { Check } from '../check.ts';
import type { Probe } from '../probe.ts';
import { wayOf } from '../sent.ts';
import { Verdict } from '../verdict.ts';
import { bodyOf, isHtml } from './text.ts';

/** Makes every call of Tsuru, and fails for the first redirect of a kind: one that turns the call into a GET, or keeps it. */
function noRedirect(kind: 'turned' | 'kept'): (probe: Probe) => Promise<void> {
  return async (probe) => {
    const { calls } = probe;
    const [name, app, job] = [probe.newName(), probe.newApp(), probe.newJob()];
    const fields = await probe.fields();
    const tried = [
      calls.create(name, fields),
      calls.plans(),
      calls.info(name),
      calls.status(name),
      calls.update(name, fields),
      calls.bindApp(name, app),
      calls.bindApp(name, app, {}, 'bind'),
      calls.bindJob(name, job),
      probe.unbinding(name, app),
      calls.unbindJob(name, job),
      calls.destroy(name),
    ];
    for (const call of tried) {
      if (call.action === 'BindApp') await readyForBinds(probe, name);
      const sent = await probe.send(call);
      const turned = sent.exchange.hops.find((one) => isTurned(one, call));
      if (turned && kind === 'kept') probe.blockBy('http.redirect', `${wayOf(call)} is redirected`, sent);
      const hop = kind === 'turned' ? turned : sent.exchange.hops[0];
      const loses = sent.exchange.failure === TOO_MANY_REDIRECTS;
      const end = loses ? ', and so on without end' : '';
      probe.require(hop === undefined, sent, `${wayOf(call)} got a ${hop?.status ?? 0} to ${hop?.location ?? ''}${end}`);
    }
  };
}

/** Waits until an instance can be bound, if it ever can: a call may be redirected only then. */
async function readyForBinds(probe: Probe, name: string): Promise<void> {
  try {
    await probe.settled(name);
    await probe.bindApp(name, probe.newApp());
  } catch (error) {
    if (!(error instanceof Verdict)) throw error;
  }
}

/** Whether a redirect turns a call into a GET, which does nothing, and whose success Tsuru takes for that of the call. */
function isTurned({ method }: Hop, { request }: Call): boolean {
  return request.method !== method;
}

export const httpChecks: readonly Check[] = [
  {
    id: 'http.redirect',
    level: 'must',
    rule: 'No call is redirected with 301, 302 or 303, which turns it into a GET.',
    part: 'Redirects',
    fix: 'Serve the path or return 404: after such a redirect, Tsuru sends a GET and treats its success as that of the create or the destroy.',
    run: noRedirect('turned'),
  },
  {
    id: 'http.redirect-kept',
    level: 'should',
    rule: 'No call is redirected in any other way: Tsuru follows a 307 or a 308, and every redirect of a GET, with the password.',
    part: 'Redirects',
    fix: 'Serve the path itself, without a trailing slash: a redirect doubles every call, and may send the password elsewhere.',
    run: noRedirect('kept'),
  },
  {
    id: 'http.hang-up',
    level: 'must',
    rule: 'A client that hangs up does no harm.',
    part: 'Every request',
    fix: 'Handle the errors of connections that close early, so that none ends the process.',
    async run(probe) {
      const name = probe.newName();
      const calls = [
        probe.calls.plans(),
        probe.calls.create(name, await probe.fields()),
        probe.calls.bindApp(name, probe.newApp()),
        probe.calls.destroy(name),
      ];
      for (const hangUp of [0, 1, 2, 'half-way'] as const) {
        await Promise.all(calls.map((call) => probe.send(call, { hangUp })));
      }
      await probe.requireAlive();
    },
  },
  {
    id: 'http.plain-errors',
    level: 'should',
    rule: 'Errors are not HTML pages: Tsuru shows bodies unchanged.',
    part: 'Replies: create',
    fix: 'Reply to errors with a sentence, as text or as {"code", "message"}, including those of the web framework.',
    async run(probe) {
      const missing = probe.missingName();
      const plans = await probe.session.plans();
      const { calls } = probe;
      const tried: Call[] = [
        calls.info(missing),
        ...(plans.length === 0 ? [] : [calls.create(probe.newName(), await probe.fields({ plan: await probe.unknownPlan() }))]),
        calls.bindApp(missing, probe.newApp()),
        calls.destroy(missing),
        calls.proxied('GET', `/no-such-path-${probe.session.mark}`),
        calls.proxied('GET', `/resources/${missing}/%zz`),
      ];
      for (const call of tried) {
        const sent = await probe.send(call);
        probe.require(!isHtml(bodyOf(sent)), sent, `the reply to ${call.request.method} ${call.request.path} is HTML`);
      }
    },
  },
];
