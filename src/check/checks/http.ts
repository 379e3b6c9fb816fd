import type { Call } from '../../tsuru/calls.ts';
import type { Check } from '../check.ts';
import { outcomeOf, statusOf } from '../probe.ts';
import { isHtml } from './text.ts';

/** The same call with a trailing slash. */
function withSlash(call: Call): Call {
  return { ...call, request: { ...call.request, path: `${call.request.path}/` } };
}

export const httpChecks: readonly Check[] = [
  {
    id: 'http.redirect',
    level: 'must',
    rule: 'No call returns a redirect.',
    part: 'Redirects',
    fix: 'Serve the path or return 404: Tsuru follows redirects with the password, turns POST and DELETE into GET, and treats the outcome as success.',
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
        probe.require(!isHtml(body), sent, `the reply to ${call.request.method} ${call.request.path} is HTML`);
      }
    },
  },
];
