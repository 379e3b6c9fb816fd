import type { Check } from '../check.ts';
import type { Probe } from '../probe.ts';
import { isAccepted, isUnserved, outcomeOf, type Sent, statusOf, wayOf } from '../sent.ts';
import { bodyOf } from './text.ts';

const PART = 'The proxy';
const RAW_PATH =
  'Route on the raw path: split it at "/", decode each segment once, and refuse ".", ".." and encoded slashes; never normalize it, as new URL() does.';

/** Requires that the instance still exists. */
async function requireUnharmed(probe: Probe, name: string, attack: Sent): Promise<void> {
  const { holds } = await probe.exists(name);
  probe.require(holds, attack, `${wayOf(attack.call)} destroyed another instance`);
}

/** The info of an instance, if the service shows any. */
async function infoOf(probe: Probe, name: string): Promise<string | undefined> {
  const sent = await probe.send(probe.calls.info(name));
  return statusOf(sent) === 200 ? bodyOf(sent) : undefined;
}

/** Sends GET and DELETE to paths that a user of the instance `own` can produce, and requires that none reaches the other. */
function unreachable(
  pathsOf: (own: string, other: string) => readonly string[],
  methods: readonly string[] = ['GET', 'DELETE'],
): (probe: Probe) => Promise<void> {
  return async (probe) => {
    const own = await probe.shared();
    const other = await probe.instance();
    await probe.witness();
    const [info, ownInfo] = [await infoOf(probe, other), await infoOf(probe, own)];
    const { body = '' } = probe.calls.destroy(other).request;
    for (const path of pathsOf(own, other)) {
      for (const method of methods) {
        const sent = await probe.send(probe.calls.proxied(method, path, method === 'GET' ? undefined : body));
        const isShown = method === 'GET' && isAccepted(sent) && info !== ownInfo && bodyOf(sent) === info;
        probe.require(!isShown, sent, `GET ${path} returned the info of another instance`);
        if (method !== 'GET' && isAccepted(sent)) await requireUnharmed(probe, other, sent);
      }
    }
    await probe.requireAlive();
  };
}

export const proxyChecks: readonly Check[] = [
  {
    id: 'proxy.dot-segments',
    level: 'should',
    rule: 'A user cannot reach another instance with ".." in the path, which today\'s Tsuru does not pass on.',
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
      `/authenticated-resources/..%2fresources%2f${other}`,
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
    level: 'may',
    rule: "Two slashes in a row do not count as one. Only the service-level proxy, for the service's owners, sends such paths.",
    part: PART,
    fix: 'Refuse empty path segments.',
    run: unreachable((_own, other) => [`//resources/${other}`, `/resources//${other}`], ['DELETE']),
  },
  {
    id: 'proxy.encoded-separator',
    level: 'may',
    rule: "An encoded slash does not separate segments. Only the service-level proxy, for the service's owners, sends such paths.",
    part: PART,
    fix: RAW_PATH,
    run: unreachable((_own, other) => [`/resources%2f${other}`], ['DELETE']),
  },
  {
    id: 'proxy.case',
    level: 'may',
    rule: "Paths are case-sensitive. Only the service-level proxy, for the service's owners, sends others.",
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
      const other = await probe.instance();
      await probe.witness();
      for (const method of ['GET', 'POST']) {
        const attack = probe.calls.proxied(method, `/resources/${other}?_method=DELETE`);
        Object.assign(attack.request.headers, { 'X-HTTP-Method-Override': 'DELETE', 'X-HTTP-Method': 'DELETE' });
        await requireUnharmed(probe, other, await probe.send(attack));
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
      const name = await probe.instance();
      await probe.witness();
      const job = probe.newJob();
      const bound = await probe.send(probe.calls.throughProxy(probe.calls.bindJob(name, job)));
      const hasCredentials = isAccepted(bound) && /^\s*\{\s*"/.test(bodyOf(bound));
      probe.require(!hasCredentials, bound, `${wayOf(bound.call)} bound a job`);
      await requireUnharmed(probe, name, await probe.send(probe.calls.throughProxy(probe.calls.destroy(name))));
    },
  },
  {
    id: 'proxy.unknown-path',
    level: 'should',
    rule: 'Unknown paths are refused.',
    part: PART,
    fix: 'Return 404 for unknown paths: to the user, a 200 looks like success.',
    async run(probe) {
      const path = `/resources/${await probe.shared()}/no-such-path-${probe.session.mark}`;
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
        const sent = await probe.send(probe.calls.proxied(method, path, method === 'GET' ? undefined : ''));
        // A redirect is passed on as well, and its target is a path like this one.
        const status = statusOf(sent);
        const isClear = status >= 300 && (status < 500 || isUnserved(sent));
        probe.require(isClear, sent, `${method} ${path} ${outcomeOf(sent)}`);
      }
    },
  },
];
