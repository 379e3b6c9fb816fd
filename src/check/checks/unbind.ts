import type { Call } from '../../tsuru/calls.ts';
import type { Check } from '../check.ts';
import { hostOf } from '../names.ts';
import type { Probe } from '../probe.ts';
import { isAccepted, outcomeOf, type Sent, statusOf } from '../sent.ts';

const PART = 'Replies: unbind';

/** Tsuru treats both as unbound. */
function isUnbound(sent: Sent): boolean {
  return isAccepted(sent) || statusOf(sent) === 404;
}

async function unbindTwice(probe: Probe, call: Call): Promise<void> {
  await probe.need(call, 'the first unbind failed');
  const second = await probe.send(call);
  probe.require(isUnbound(second), second, `the second unbind ${outcomeOf(second)}`);
}

export const unbindAppChecks: readonly Check[] = [
  {
    id: 'unbind-app.success',
    level: 'must',
    rule: 'An app can be unbound: the call is a DELETE with a body.',
    part: 'The calls',
    fix: 'Read the body of DELETE /resources/{name}/bind-app, which names the app, and return 200.',
    perEncoding: true,
    async run(probe) {
      const name = await probe.instance();
      const app = probe.newApp();
      const hosts = [hostOf(app), `www.${hostOf(app)}`];
      await probe.variables(name, app, { hosts });
      const sent = await probe.send(probe.calls.unbindApp(name, app, hosts));
      probe.require(isAccepted(sent), sent, `the unbind ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'unbind-app.other-app',
    level: 'must',
    rule: 'Unbinding one app does not change the variables of another.',
    part: PART,
    fix: 'Give every app its own credentials, and revoke only those of the app that the body names.',
    perEncoding: true,
    async run(probe) {
      await probe.needSeveralApps();
      const name = await probe.instance();
      const [going, staying] = [probe.newApp(), probe.newApp()];
      await probe.variables(name, going);
      const before = await probe.variables(name, staying);
      await probe.need(probe.unbinding(name, going), 'the app could not be unbound');
      await probe.requireSame(name, staying, before, 'the bind of the other app');
    },
  },
  {
    id: 'unbind-app.twice',
    level: 'must',
    rule: 'An unbind can be repeated.',
    part: PART,
    fix: 'Return 200 or 404 when nothing is bound.',
    perEncoding: true,
    async run(probe) {
      const name = await probe.instance();
      const app = probe.newApp();
      await probe.variables(name, app);
      await unbindTwice(probe, probe.unbinding(name, app));
    },
  },
  {
    id: 'unbind-app.never-bound',
    level: 'should',
    rule: 'Unbinding an app that was never bound is not an error.',
    part: PART,
    fix: 'Return 200 or 404: Tsuru sends an unbind to undo a failed bind.',
    async run(probe) {
      const sent = await probe.send(probe.unbinding(await probe.shared(), probe.newApp()));
      await probe.requireUnless(isUnbound(sent), sent, `the unbind ${outcomeOf(sent)}`, async () => {
        await probe.needUnbind();
        const name = await probe.instance();
        const app = probe.newApp();
        await probe.variables(name, app);
        await probe.send(probe.unbinding(name, app));
        const second = await probe.send(probe.unbinding(name, app));
        if (!isUnbound(second)) probe.blockBy('unbind-app.twice', 'no unbind can be repeated', second);
      });
    },
  },
  {
    id: 'unbind-app.missing',
    level: 'should',
    rule: 'Unbinding from a missing instance is not an error.',
    part: PART,
    fix: 'Return 404, which Tsuru treats as unbound.',
    async run(probe) {
      const sent = await probe.send(probe.unbinding(probe.missingName(), probe.newApp()));
      await probe.requireUnless(isUnbound(sent), sent, `the unbind ${outcomeOf(sent)}`, probe.needUnbind);
    },
  },
];

export const unbindJobChecks: readonly Check[] = [
  {
    id: 'unbind-job.success',
    level: 'must',
    rule: 'A job can be unbound.',
    part: 'The calls',
    fix: 'Return 200 for DELETE /resources/{name}/binds/jobs/{job}.',
    perEncoding: true,
    async run(probe) {
      const name = await probe.instance();
      const job = probe.newJob();
      await probe.jobVariables(name, job);
      const sent = await probe.send(probe.calls.unbindJob(name, job));
      probe.require(isAccepted(sent), sent, `the unbind ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'unbind-job.twice',
    level: 'must',
    rule: 'An unbind of a job can be repeated.',
    part: PART,
    fix: 'Return 200 or 404 when nothing is bound.',
    perEncoding: true,
    async run(probe) {
      const name = await probe.instance();
      const job = probe.newJob();
      await probe.jobVariables(name, job);
      await unbindTwice(probe, probe.calls.unbindJob(name, job));
    },
  },
];
