import { basicAuth } from '../../tsuru/access.ts';
import type { Call } from '../../tsuru/calls.ts';
import type { Check } from '../check.ts';
import { isRefused, outcomeOf, statusOf, type Probe } from '../probe.ts';

const PART = 'Every request';

/** Every call of Tsuru, the harmless ones first: with a service that lets it through the last one destroys the instance. */
async function everyCall(probe: Probe): Promise<Call[]> {
  const name = await probe.instance();
  const app = probe.newApp();
  const job = probe.newJob();
  await probe.bindApp(name, app);
  const { calls } = probe;
  return [
    calls.plans(),
    calls.info(name),
    calls.status(name),
    calls.create(probe.newName(), await probe.fields()),
    calls.update(name, await probe.fields()),
    calls.bindApp(name, app),
    calls.bindJob(name, job),
    calls.unbindApp(name, app),
    calls.unbindJob(name, job),
    calls.destroy(name),
  ];
}

/** Every call with each of those headers is refused with 401 or 403. */
function refused(headersOf: (probe: Probe) => readonly (string | undefined)[]): (probe: Probe) => Promise<void> {
  return async (probe) => {
    for (const authorization of headersOf(probe)) {
      for (const call of await everyCall(probe)) {
        const sent = await probe.send(call, { authorization });
        const isDenied = statusOf(sent) === 401 || statusOf(sent) === 403;
        probe.require(isDenied, sent, `${call.request.method} ${call.request.path} ${outcomeOf(sent)}`);
      }
    }
  };
}

export const authChecks: readonly Check[] = [
  {
    id: 'auth.missing',
    level: 'must',
    rule: 'Every call without a password is refused.',
    part: PART,
    fix: 'Check the basic auth before the routes, for all of them, and answer 401.',
    run: refused(() => [undefined]),
  },
  {
    id: 'auth.wrong-password',
    level: 'must',
    rule: 'Every call with a wrong password is refused.',
    part: PART,
    fix: 'Compare the whole password, in constant time, and answer 401.',
    run: refused(({ session: { service } }) => [basicAuth(`${service.username}:${service.password}x`)]),
  },
  {
    id: 'auth.wrong-user',
    level: 'must',
    rule: 'Every call with a wrong user name is refused.',
    part: PART,
    fix: 'Compare the user name as well as the password.',
    run: refused(({ session: { service } }) => [basicAuth(`${service.username}x:${service.password}`)]),
  },
  {
    id: 'auth.malformed',
    level: 'must',
    rule: 'A malformed Authorization header is refused, and breaks nothing.',
    part: PART,
    fix: 'Answer 401 whenever the header is not `Basic` with base64 of user and password.',
    async run(probe) {
      const { username, password } = probe.session.service;
      const plain = basicAuth(`${username}:${password}`).slice('Basic '.length);
      const malformed = [
        'Basic',
        'Basic ',
        'Basic !!!',
        basicAuth(username),
        basicAuth(''),
        `Bearer ${plain}`,
        plain,
        'Basic =',
      ];
      for (const authorization of malformed) {
        const sent = await probe.send(probe.calls.plans(), { authorization });
        const isDenied = statusOf(sent) === 401 || statusOf(sent) === 403 || statusOf(sent) === 400;
        probe.require(isDenied, sent, `a malformed header ${outcomeOf(sent)}`);
      }
    },
  },
  {
    id: 'auth.other-paths',
    level: 'should',
    rule: 'Other paths below the service ask for the password, too.',
    part: PART,
    fix: 'Check the basic auth before the routes; only a health check may do without.',
    async run(probe) {
      const name = await probe.shared();
      for (const path of [`/resources/${name}/check`, '/authenticated-resources/check', `/resources/${name}/bind`]) {
        for (const method of ['GET', 'POST']) {
          const sent = await probe.send(probe.calls.proxied(method, path), { authorization: undefined });
          probe.require(isRefused(sent), sent, `${method} ${path} ${outcomeOf(sent)}`);
        }
      }
    },
  },
  {
    id: 'auth.challenge',
    level: 'may',
    rule: 'A refusal names the scheme.',
    part: PART,
    fix: 'Answer 401 with the header WWW-Authenticate: Basic realm="...".',
    async run(probe) {
      const sent = await probe.send(probe.calls.plans(), { authorization: undefined });
      const header = sent.exchange.reply?.headers['www-authenticate'] ?? '';
      probe.require(/^basic\b/i.test(header), sent, 'the answer has no such header');
    },
  },
];
