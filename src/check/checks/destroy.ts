import type { Check } from '../check.ts';
import { OTHER_TEAM, TEAM } from '../names.ts';
import type { Probe } from '../probe.ts';
import { isAccepted, isSuccess, outcomeOf, statusOf, type Sent } from '../sent.ts';

const PART = 'Replies: destroy';

/** The name of an instance that was destroyed, and is gone. */
async function destroyed(probe: Probe): Promise<string> {
  const name = await probe.instance();
  await probe.destroyed(name);
  return name;
}

/** Whether a second destroy got a reply that does no harm. */
function isRepeated(sent: Sent): boolean {
  return isAccepted(sent) || statusOf(sent) === 404;
}

/** The first bind that fails, or the last one within the time of a removal. */
async function lastBind(probe: Probe, name: string): Promise<Sent> {
  const start = performance.now();
  for (;;) {
    const sent = await probe.bindAppNow(name, probe.newApp());
    if (!isSuccess(sent) || performance.now() - start > probe.removalTime()) return sent;
    await probe.session.pause(200);
  }
}

/** Creates an instance with the name of one that is gone, for another team if the service knows it. The name may be free a little later. */
async function createAgain(probe: Probe, name: string): Promise<Sent> {
  const start = performance.now();
  let team = OTHER_TEAM;
  for (let pause = 50; ; pause *= 2) {
    const sent = await probe.create(name, { team });
    if (isSuccess(sent) || performance.now() - start > probe.removalTime()) return sent;
    if (!isSuccess(await probe.create(probe.newName(), { team }))) team = TEAM;
    await probe.session.pause(Math.min(pause, 1000));
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
      probe.requireSuccess(await probe.destroy(await probe.instance()), 'the destroy');
    },
  },
  {
    id: 'destroy.gone',
    level: 'must',
    rule: 'A destroyed instance is gone: it has no status and cannot be bound.',
    part: PART,
    fix: 'Remove the instance from the store, and return 404 from then on.',
    async run(probe) {
      const name = await probe.instance();
      await probe.need(probe.calls.destroy(name), 'the instance could not be destroyed');
      await probe.requireGone(name);
      const bound = await lastBind(probe, name);
      await probe.requireUnless(!isSuccess(bound), bound, `a bind to it ${outcomeOf(bound)}`, async () => {
        const other = await probe.bindAppNow(probe.missingName(), probe.newApp());
        if (isSuccess(other)) probe.blockBy('bind-app.missing', 'any name can be bound', other);
      });
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
      probe.require(isRepeated(sent), sent, `the second destroy ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'destroy.missing',
    level: 'should',
    rule: 'A destroy of an instance that never existed returns 404.',
    part: PART,
    fix: 'Return 404: Tsuru tells the user that the instance does not exist in the service API.',
    async run(probe) {
      const sent = await probe.send(probe.calls.destroy(probe.missingName()));
      await probe.requireUnless(statusOf(sent) === 404, sent, `the destroy ${outcomeOf(sent)}`, async () => {
        await probe.needDestroy();
        const name = await destroyed(probe);
        const second = await probe.send(probe.calls.destroy(name));
        if (!isRepeated(second)) probe.blockBy('destroy.twice', 'no destroy can be repeated', second);
      });
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
      await probe.requireSpecial(await probe.send(probe.calls.destroy(name)), 'the destroy', probe.needDestroy);
      await probe.requireGone(name, probe.needRemoval);
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
      probe.requireSuccess(await createAgain(probe, name), 'the create after the destroy');
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
      await probe.requireSpecial(await probe.send(probe.calls.destroy(name)), 'the destroy', probe.needDestroy);
      await probe.requireGone(name, probe.needRemoval);
      // The creation may still be running, for as long as others took.
      await probe.session.pause(Math.min(probe.session.creationTime, 10_000) + 300);
      await probe.requireGone(name, probe.needRemoval);
    },
  },
];
