import type { Call } from '../../tsuru/calls.ts';
import type { Check } from '../check.ts';
import { isAccepted, isRefused, outcomeOf, statusOf, variablesOf, type Probe, type Variables } from '../probe.ts';

const PART = 'The proxy';
const RAW_PATH =
  'Route on the raw path: split it at "/", decode each segment once, and refuse ".", ".." and encoded slashes; never normalize it, as new URL() does.';

/** Another user's instance, with an app bound to it. */
interface Victim {
  name: string;
  app: string;
  before: Variables;
}

async function victim(probe: Probe): Promise<Victim> {
  const name = await probe.instance();
  const app = probe.newApp();
  return { name, app, before: await probe.variables(name, app) };
}

/** Requires that the instance and its bind are unchanged. */
async function requireUnharmed(probe: Probe, { name, app, before }: Victim, attack: Call): Promise<void> {
  const sent = probe.sent.at(-1);
  const way = `${attack.request.method} ${attack.request.path}`;
  const status = await probe.send(probe.calls.status(name));
  const isThere = status.reading.ok && statusOf(status) < 400;
  probe.require(isThere || statusOf(status) === 404, status, `after ${way}, the status of the other instance ${outcomeOf(status)}`);
  const bound = await probe.bindApp(name, app);
  const after = variablesOf(bound);
  const isSame = after !== undefined && Object.entries(before).every(([key, value]) => after[key] === value);
  probe.require(isSame, sent, `${way} reached another instance`);
}

/** Sends GET and DELETE to paths that a user of the instance `own` can produce, and requires that none reaches the other. */
function unreachable(
  pathsOf: (own: string, other: string) => readonly string[],
  methods: readonly string[] = ['GET', 'DELETE'],
): (probe: Probe) => Promise<void> {
  return async (probe) => {
    const own = await probe.shared();
    const other = await victim(probe);
    const { body = '' } = probe.calls.destroy(other.name).request;
    for (const path of pathsOf(own, other.name)) {
      for (const method of methods) {
        const attack = probe.calls.proxied(method, path, method === 'GET' ? undefined : body);
        const sent = await probe.send(attack);
        const isShown = method === 'GET' && isAccepted(sent);
        probe.require(!isShown, sent, `GET ${path} got a ${statusOf(sent)}, as if it were another path`);
        probe.require(statusOf(sent) < 500, sent, `${method} ${path} ${outcomeOf(sent)}`);
        if (method !== 'GET') await requireUnharmed(probe, other, attack);
      }
    }
  };
}

export const proxyChecks: readonly Check[] = [
  {
    id: 'proxy.dot-segments',
    level: 'must',
    rule: 'A user cannot reach another instance with ".." in the path.',
    part: PART,
    fix: RAW_PATH,
    run: unreachable((own, other) => [
      `/resources/${own}/../${other}`,
      `/resources/${own}/x/../../${other}`,
      `/resources/${own}/./../${other}`,
      `/resources/${own}/..\\${other}`,
    ]),
  },
  {
    id: 'proxy.encoded-dots',
    level: 'must',
    rule: 'A user cannot reach another instance with an encoded "..": %252e%252e arrives as %2e%2e.',
    part: PART,
    fix: RAW_PATH,
    run: unreachable((own, other) => [
      `/resources/${own}/%2e%2e/${other}`,
      `/resources/${own}/%2E%2E/${other}`,
      `/resources/${own}/.%2e/${other}`,
    ]),
  },
  {
    id: 'proxy.encoded-slash',
    level: 'must',
    rule: 'A user cannot reach another instance with an encoded slash.',
    part: PART,
    fix: RAW_PATH,
    run: unreachable((own, other) => [
      `/resources/${own}%2f..%2f${other}`,
      `/resources/${own}/..%2F${other}`,
      `/resources/${own}/%2e%2e%2f${other}`,
      `/resources%2f${other}`,
    ]),
  },
  {
    id: 'proxy.authenticated-resources',
    level: 'must',
    rule: 'A user cannot reach an instance through /authenticated-resources/, which is open to every user.',
    part: PART,
    fix: RAW_PATH,
    run: unreachable((_own, other) => [
      `/authenticated-resources/../resources/${other}`,
      `/authenticated-resources/%2e%2e/resources/${other}`,
      `/authenticated-resources/x/../../resources/${other}`,
    ]),
  },
  {
    id: 'proxy.trailing-slash',
    level: 'must',
    rule: 'A path with a trailing slash is not a call of Tsuru: users can send DELETE /resources/{name}/.',
    part: PART,
    fix: 'Match paths exactly as they are in the contract, and return 404 for a trailing slash.',
    run: unreachable((_own, other) => [`/resources/${other}/`, `/resources/${other}//`], ['DELETE']),
  },
  {
    id: 'proxy.double-slash',
    level: 'must',
    rule: 'Two slashes in a row do not count as one.',
    part: PART,
    fix: 'Refuse empty path segments.',
    run: unreachable((_own, other) => [`//resources/${other}`, `/resources//${other}`], ['DELETE']),
  },
  {
    id: 'proxy.case',
    level: 'must',
    rule: 'Paths are case-sensitive.',
    part: PART,
    fix: 'Compare paths exactly; in Express, enable `case sensitive routing`.',
    run: unreachable((_own, other) => [`/Resources/${other}`, `/RESOURCES/${other}`], ['DELETE']),
  },
  {
    id: 'proxy.method-override',
    level: 'must',
    rule: 'A header cannot turn a GET into a DELETE: users choose their own headers.',
    part: PART,
    fix: 'Ignore X-HTTP-Method-Override and the `_method` field.',
    async run(probe) {
      const other = await victim(probe);
      for (const method of ['GET', 'POST']) {
        const attack = probe.calls.proxied(method, `/resources/${other.name}?_method=DELETE`);
        Object.assign(attack.request.headers, { 'X-HTTP-Method-Override': 'DELETE', 'X-HTTP-Method': 'DELETE' });
        await probe.send(attack);
        await requireUnharmed(probe, other, attack);
      }
    },
  },
  {
    id: 'proxy.life-cycle',
    level: 'may',
    rule: 'Life-cycle calls that come through the proxy are refused.',
    part: PART,
    fix: 'Refuse create, update, destroy, bind and unbind with X-Forwarded-For and without Connection: close, unless a gateway changes these headers.',
    async run(probe) {
      const other = await victim(probe);
      const job = probe.newJob();
      const attacks = [
        probe.calls.bindJob(other.name, job),
        probe.calls.unbindApp(other.name, other.app),
        probe.calls.destroy(other.name),
      ];
      for (const call of attacks) {
        const sent = await probe.send(probe.calls.throughProxy(call));
        probe.require(!isAccepted(sent), sent, `${call.request.method} ${call.request.path} ${outcomeOf(sent)}`);
      }
    },
  },
  {
    id: 'proxy.unknown-path',
    level: 'should',
    rule: 'Unknown paths are refused, with 404 or 405.',
    part: PART,
    fix: 'Return 404 for unknown paths: to the user, a 200 looks like success.',
    async run(probe) {
      const path = `/resources/${await probe.shared()}/no-such-path-${probe.session.mark}`;
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
        const sent = await probe.send(probe.calls.proxied(method, path, method === 'GET' ? undefined : ''));
        probe.require(isRefused(sent), sent, `${method} ${path} ${outcomeOf(sent)}`);
      }
    },
  },
];
