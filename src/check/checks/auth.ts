import { basicAuth, type ServiceAccess } from '../../tsuru/access.ts';
import type { Call } from '../../tsuru/calls.ts';
import type { Check } from '../check.ts';
import type { Probe } from '../probe.ts';
import { isAccepted, isRefused, outcomeOf, statusOf, wayOf } from '../sent.ts';

const PART = 'Every request';

/** Every call of Tsuru, the harmless ones first: a service that lets them through destroys the instance with the last one. */
async function everyCall(probe: Probe): Promise<Call[]> {
  const name = await probe.instance();
  const app = probe.newApp();
  const job = probe.newJob();
  await probe.bindAppNow(name, app);
  const { calls } = probe;
  return [
    calls.plans(),
    calls.info(name),
    calls.status(name),
    calls.create(probe.newName(), await probe.fields()),
    calls.update(name, await probe.fields()),
    calls.bindApp(name, app),
    calls.bindJob(name, job),
    probe.unbinding(name, app),
    calls.unbindJob(name, job),
    calls.destroy(name),
  ];
}

const NONE = { authorization: undefined };

/** Whether no harmless call needs credentials, in which case other checks of credentials say nothing more. */
function isOpen(probe: Probe): Promise<boolean> {
  return probe.session.once('open', async () => {
    const name = await probe.toBind();
    const { calls } = probe;
    const bound = await probe.bindApp(name, probe.newApp());
    let isServed = false;
    for (const call of [calls.plans(), calls.status(name), calls.info(name), bound.call]) {
      if (!isAccepted(await probe.send(call))) continue;
      if (!isAccepted(await probe.send(call, NONE))) return false;
      isServed = true;
    }
    return isServed;
  });
}

/** Requires that some call needs credentials. @throws Verdict `blocked` */
async function needPassword(probe: Probe): Promise<void> {
  if (await isOpen(probe)) probe.blockBy('auth.missing', 'no password is required');
}

/** No call with these credentials is let in, unless it is without any, too. */
function refused(credentialsOf: (service: ServiceAccess) => string): (probe: Probe) => Promise<void> {
  return async (probe) => {
    await needPassword(probe);
    const authorization = basicAuth(credentialsOf(probe.session.service));
    for (const call of await everyCall(probe)) {
      if (isAccepted(await probe.send(call, NONE))) continue;
      const sent = await probe.send(call, { authorization });
      probe.require(!isAccepted(sent), sent, `${wayOf(call)} ${outcomeOf(sent)}`);
    }
  };
}

export const authChecks: readonly Check[] = [
  {
    id: 'auth.missing',
    level: 'must',
    rule: 'Calls without credentials are refused.',
    part: PART,
    fix: 'Check basic auth before routing, for every route, and return 401.',
    async run(probe) {
      for (const call of await everyCall(probe)) {
        const sent = await probe.send(call, NONE);
        probe.require(!isAccepted(sent), sent, `${wayOf(call)} ${outcomeOf(sent)}`);
      }
    },
  },
  {
    id: 'auth.wrong-password',
    level: 'must',
    rule: 'Calls with a wrong password are refused.',
    part: PART,
    fix: 'Compare the whole password in constant time, and return 401.',
    run: refused(({ username, password }) => `${username}:${password}x`),
  },
  {
    id: 'auth.wrong-user',
    level: 'should',
    rule: 'Calls with a wrong user name are refused.',
    part: PART,
    fix: 'Compare the user name as well as the password.',
    run: refused(({ username, password }) => `${username}x:${password}`),
  },
  {
    id: 'auth.malformed',
    level: 'may',
    rule: 'A malformed Authorization header, which Tsuru never sends, is refused and does no harm.',
    part: PART,
    fix: 'Return 401 unless the header is `Basic` followed by the base64 of user:password.',
    async run(probe) {
      const open = await probe.send(probe.calls.plans(), NONE);
      if (isAccepted(open)) probe.blockBy('auth.missing', 'the plans need no password', open);
      const { username, password } = probe.session.service;
      const plain = basicAuth(`${username}:${password}`).slice('Basic '.length);
      const malformed = ['Basic', 'Basic ', 'Basic !!!', basicAuth(username), basicAuth(''), `Bearer ${plain}`, plain, 'Basic ='];
      for (const authorization of malformed) {
        const sent = await probe.send(probe.calls.plans(), { authorization });
        probe.require(isRefused(sent), sent, `a malformed header ${outcomeOf(sent)}`);
      }
    },
  },
  {
    id: 'auth.other-paths',
    level: 'should',
    rule: 'All other paths require the password too.',
    part: PART,
    fix: 'Check basic auth before routing; only a health check may be open.',
    async run(probe) {
      await needPassword(probe);
      const name = await probe.shared();
      for (const path of [`/resources/${name}/check`, '/authenticated-resources/check', `/resources/${name}/bind`]) {
        for (const method of ['GET', 'POST']) {
          const sent = await probe.send(probe.calls.proxied(method, path), NONE);
          probe.require(!isAccepted(sent), sent, `${method} ${path} ${outcomeOf(sent)}`);
        }
      }
    },
  },
  {
    id: 'auth.challenge',
    level: 'may',
    rule: 'A 401 names the authentication scheme.',
    part: PART,
    fix: 'Return 401 with the header WWW-Authenticate: Basic realm="...".',
    async run(probe) {
      const sent = await probe.send(probe.calls.plans(), NONE);
      if (statusOf(sent) !== 401) probe.skip('plans without credentials do not get a 401');
      const header = sent.exchange.reply?.headers['www-authenticate'] ?? '';
      probe.require(/^basic\b/i.test(header), sent, 'the reply has no such header');
    },
  },
];
