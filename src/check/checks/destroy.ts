import { setTimeout as sleep } from 'node:timers/promises';

import type { Check } from '../check.ts';
import { isAccepted, OTHER_TEAM, outcomeOf, statusOf, type Probe } from '../probe.ts';

const PART = 'Replies: destroy';

/** The name of an instance that was destroyed. */
async function destroyed(probe: Probe): Promise<string> {
  const name = await probe.instance();
  await probe.need(probe.calls.destroy(name), 'the instance could not be destroyed');
  return name;
}

/** Requires that an instance is gone; its removal may take a moment. */
async function requireGone(probe: Probe, name: string): Promise<void> {
  for (let pause = 20; ; pause *= 2) {
    const sent = await probe.send(probe.calls.status(name));
    const isGone = statusOf(sent) >= 400 && statusOf(sent) !== 500;
    if (!isGone && pause < 1000) {
      await sleep(pause);
    } else {
      probe.require(isGone, sent, `the instance still exists: its status ${outcomeOf(sent)}`);
      return;
    }
  }
}

export const destroyChecks: readonly Check[] = [
  {
    id: 'destroy.success',
    level: 'must',
    rule: 'An instance can be destroyed.',
    part: PART,
    fix: 'Return 200 for DELETE /resources/{name}, and accept a request body even if it is of no use to you.',
    perEncoding: true,
    async run(probe) {
      probe.requireSuccess(await probe.send(probe.calls.destroy(await probe.instance())), 'the destroy');
    },
  },
  {
    id: 'destroy.gone',
    level: 'must',
    rule: 'A destroyed instance is gone: it has no status and cannot be bound.',
    part: PART,
    fix: 'Remove the instance from the store, and return 404 from then on.',
    async run(probe) {
      const name = await destroyed(probe);
      await requireGone(probe, name);
      const bound = await probe.bindApp(name, probe.newApp());
      probe.require(!isAccepted(bound), bound, `a bind to it ${outcomeOf(bound)}`);
    },
  },
  {
    id: 'destroy.twice',
    level: 'should',
    rule: 'A repeated destroy succeeds or returns 404.',
    part: PART,
    fix: 'Return 404 once the instance is gone.',
    perEncoding: true,
    async run(probe) {
      const name = await destroyed(probe);
      const sent = await probe.send(probe.calls.destroy(name));
      probe.require(isAccepted(sent) || statusOf(sent) === 404, sent, `the second destroy ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'destroy.missing',
    level: 'should',
    rule: 'A destroy of an instance that never existed returns 404.',
    part: PART,
    fix: 'Return 404: Tsuru tells the user that the instance does not exist in the service API.',
    async run(probe) {
      const sent = await probe.send(probe.calls.destroy(probe.session.newName()));
      probe.require(statusOf(sent) === 404, sent, `the destroy ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'destroy.with-job',
    level: 'must',
    rule: 'An instance can be destroyed while jobs are bound to it: Tsuru does not check for them.',
    part: PART,
    fix: 'Revoke the remaining binds, then remove the instance; do not refuse.',
    perEncoding: true,
    async run(probe) {
      const name = await probe.instance();
      await probe.jobVariables(name, probe.newJob());
      probe.requireSuccess(await probe.send(probe.calls.destroy(name)), 'the destroy');
      await requireGone(probe, name);
    },
  },
  {
    id: 'destroy.create-again',
    level: 'must',
    rule: 'The name of a destroyed instance can be reused by any team.',
    part: PART,
    fix: 'Forget the name and the binds together with the instance.',
    perEncoding: true,
    async run(probe) {
      const name = await destroyed(probe);
      await requireGone(probe, name);
      probe.requireSuccess(await probe.create(name, { team: OTHER_TEAM }), 'the create after the destroy');
    },
  },
  {
    id: 'destroy.while-creating',
    level: 'must',
    rule: 'A destroy wins over a creation that is still running.',
    part: PART,
    fix: 'Mark the instance for removal, and remove it when its creation ends, which must not bring it back.',
    async run(probe) {
      const name = await probe.created();
      probe.requireSuccess(await probe.send(probe.calls.destroy(name)), 'the destroy');
      await requireGone(probe, name);
      await sleep(300);
      await requireGone(probe, name);
    },
  },
];
