import type { Call } from '../../tsuru/calls.ts';
import type { Check } from '../check.ts';
import { outcomeOf, statusOf } from '../probe.ts';
import { isHtml } from './text.ts';

/** The same call with a slash at the end of its path. */
function withSlash(call: Call): Call {
  return { ...call, request: { ...call.request, path: `${call.request.path}/` } };
}

export const httpChecks: readonly Check[] = [
  {
    id: 'http.redirect',
    level: 'must',
    rule: 'No call is answered with a redirect.',
    part: 'Redirects',
    fix: 'Serve what was asked for, or answer 404: Tsuru follows a redirect with the password, turns POST and DELETE into GET, and takes that as success.',
    async run(probe) {
      const name = await probe.instance();
      const fields = await probe.fields();
      const app = probe.newApp();
      const { calls } = probe;
      const tried = [
        calls.plans(),
        calls.info(name),
        calls.status(name),
        calls.create(probe.newName(), fields),
        calls.update(name, fields),
        calls.bindApp(name, app),
        calls.unbindApp(name, app),
        calls.destroy(name),
      ];
      for (const call of [...tried.map(withSlash), ...tried]) {
        const sent = await probe.send(call);
        const status = statusOf(sent);
        probe.require(
          status < 300 || status > 399,
          sent,
          `${call.request.method} ${call.request.path} ${outcomeOf(sent)}`,
        );
      }
    },
  },
  {
    id: 'http.hang-up',
    level: 'must',
    rule: 'A client that hangs up takes nothing with it.',
    part: 'Every request',
    fix: 'Handle the errors of a connection that is closed early; one of them must not end the process.',
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
    rule: 'No error is a page of HTML: Tsuru shows bodies as they are.',
    part: 'Replies: create',
    fix: 'Answer errors with a sentence, as text or as {"code", "message"}, also those that the web framework makes.',
    async run(probe) {
      const missing = probe.session.newName();
      const { calls } = probe;
      const tried: Call[] = [
        calls.info(missing),
        calls.bindApp(missing, probe.newApp()),
        calls.destroy(missing),
        calls.proxied('GET', `/no-such-path-${probe.session.mark}`),
        calls.proxied('GET', `/resources/${missing}/%zz`),
      ];
      for (const call of tried) {
        const sent = await probe.send(call);
        const body = sent.exchange.reply?.body.toString('utf8') ?? '';
        probe.require(!isHtml(body), sent, `the answer to ${call.request.method} ${call.request.path} is HTML`);
      }
    },
  },
];
