import type { AppFields } from '../../tsuru/calls.ts';
import type { Check } from '../check.ts';
import {
  differing,
  isAccepted,
  isRefused,
  isSame,
  isSuccess,
  outcomeOf,
  statusOf,
  variablesOf,
  type Probe,
} from '../probe.ts';

const PART = 'Replies: bind';
const READABLE =
  'Return 201 with a JSON object whose values are all strings ("5432", not 5432), or {} without variables.';

/** A bind with these fields returns variables that Tsuru can read. */
function works(fields: Partial<AppFields>): (probe: Probe) => Promise<void> {
  return async (probe) => {
    const sent = await probe.bindApp(await probe.shared(), probe.newApp(), fields);
    probe.requireSuccess(sent, 'the bind');
  };
}

/** A bind to a missing instance fails, through the fallback too. */
async function bindToNothing(probe: Probe): Promise<void> {
  const sent = await probe.bindApp(probe.session.newName(), probe.newApp());
  probe.require(!isAccepted(sent), sent, `the bind ${outcomeOf(sent)}`);
}

export const bindAppChecks: readonly Check[] = [
  {
    id: 'bind-app.success',
    level: 'must',
    rule: 'An app can be bound, and Tsuru can read the variables.',
    part: PART,
    fix: READABLE,
    perEncoding: true,
    run: works({ hosts: ['app.example.com'] }),
  },
  {
    id: 'bind-app.no-host',
    level: 'must',
    rule: 'An app without a host can be bound.',
    part: 'The calls',
    fix: 'Accept a bind without `app-host` and `app-hosts`: an app without a router has no host.',
    perEncoding: true,
    run: works({}),
  },
  {
    id: 'bind-app.two-hosts',
    level: 'must',
    rule: 'An app with two hosts, internal hosts and a pool can be bound.',
    part: 'The calls',
    fix: 'Read `app-hosts` and `app-internal-hosts` as repeated fields in a form, and as lists in JSON.',
    perEncoding: true,
    run: works({
      hosts: ['app.example.com', 'www.example.com'],
      internalHosts: ['app.svc:80', 'app.svc:443'],
      pool: 'check-pool',
    }),
  },
  {
    id: 'bind-app.variable-names',
    level: 'should',
    rule: 'The names of the variables are valid in a shell.',
    part: PART,
    fix: 'Use letters, digits and "_" only, and do not start with a digit.',
    async run(probe) {
      const sent = await probe.bindApp(await probe.shared(), probe.newApp());
      const wrong = Object.keys(variablesOf(sent) ?? {}).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
      probe.require(wrong === undefined, sent, `"${String(wrong)}" is not a valid name`);
    },
  },
  {
    id: 'bind-app.repeat',
    level: 'must',
    rule: 'A repeated bind returns the same variables.',
    part: PART,
    fix: 'Look for an existing bind of the app first, and return its credentials.',
    perEncoding: true,
    async run(probe) {
      const name = await probe.shared();
      const app = probe.newApp();
      const before = await probe.variables(name, app);
      await probe.requireSame(name, app, before, 'the repeated bind');
      await probe.requireSame(name, app, before, 'the third bind');
    },
  },
  {
    id: 'bind-app.after-unbind',
    level: 'must',
    rule: 'A bind soon after an unbind returns the same variables.',
    part: 'Replies: unbind',
    fix: 'Keep the credentials, or their seed, for an hour after an unbind: to undo an unbind, Tsuru binds again and discards the reply.',
    perEncoding: true,
    async run(probe) {
      const name = await probe.instance();
      const app = probe.newApp();
      const before = await probe.variables(name, app);
      await probe.need(probe.calls.unbindApp(name, app), 'the app could not be unbound');
      await probe.requireSame(name, app, before, 'the bind after the unbind');
    },
  },
  {
    id: 'bind-app.ten-at-once',
    level: 'must',
    rule: 'Ten apps can be bound at the same time, and each keeps its own variables.',
    part: PART,
    fix: 'Handle the binds of an instance one after another, and store each before replying.',
    async run(probe) {
      const name = await probe.instance();
      const apps = Array.from({ length: 10 }, () => probe.newApp());
      const bound = await Promise.all(apps.map((app) => probe.bindApp(name, app)));
      const broken = bound.find((sent) => !isSuccess(sent));
      probe.require(broken === undefined, broken, `one of the binds ${broken ? outcomeOf(broken) : ''}`);
      const again = await Promise.all(apps.map((app) => probe.bindApp(name, app)));
      for (const [index, sent] of again.entries()) {
        const [before, after] = [variablesOf(bound[index] ?? sent) ?? {}, variablesOf(sent)];
        probe.require(
          isSame(before, after),
          sent,
          `an app has different variables now: ${differing(before, after)}`,
        );
      }
    },
  },
  {
    id: 'bind-app.same-at-once',
    level: 'should',
    rule: 'Two simultaneous binds of an app return the same variables.',
    part: PART,
    fix: 'Make the second wait for the first, and return the same credentials.',
    async run(probe) {
      const name = await probe.instance();
      const app = probe.newApp();
      const both = await Promise.all([probe.bindApp(name, app), probe.bindApp(name, app)]);
      for (const sent of both) {
        if (!isSuccess(sent)) continue;
        await probe.requireSame(name, app, variablesOf(sent) ?? {}, 'a later bind');
      }
      probe.require(both.some(isSuccess), both[0], 'neither bind succeeded');
    },
  },
  {
    id: 'bind-app.pending',
    level: 'should',
    rule: 'A bind to a pending instance returns 412.',
    part: PART,
    fix: 'Return 412 until the instance is up: Tsuru tells the user that it is not ready yet.',
    async run(probe) {
      const sent = await probe.send(probe.calls.bindApp(await probe.created(), probe.newApp()));
      if (isSuccess(sent)) probe.skip('the instance can be bound immediately');
      probe.require(statusOf(sent) === 412, sent, `the bind ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'bind-app.parameters',
    level: 'should',
    rule: 'The parameters of a bind are accepted, or refused with a 4xx.',
    part: 'The calls',
    fix: 'Decode the `parameters` of a bind like those of a create, and return 400 for unknown ones.',
    perEncoding: true,
    async run(probe) {
      const sent = await probe.bindApp(await probe.shared(), probe.newApp(), {
        parameters: { role: 'reader', 'a.b': ['c'] },
      });
      probe.require(isSuccess(sent) || isRefused(sent), sent, `the bind ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'bind-app.missing',
    level: 'must',
    rule: 'A bind to a missing instance fails, on `bind` as on `bind-app`.',
    part: PART,
    fix: 'Return 404 on both: after a 404 from bind-app, Tsuru tries POST .../bind and trusts the reply.',
    perEncoding: true,
    run: bindToNothing,
  },
  {
    id: 'bind-app.not-found',
    level: 'should',
    rule: 'A bind to a missing instance returns 404.',
    part: PART,
    fix: 'Return 404: Tsuru tells the user that the instance does not exist.',
    async run(probe) {
      const sent = await probe.send(probe.calls.bindApp(probe.session.newName(), probe.newApp()));
      probe.require(statusOf(sent) === 404, sent, `the bind ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'bind-app.fallback',
    level: 'must',
    rule: 'A service that serves `bind-app` does not serve `bind`.',
    part: PART,
    fix: 'Return 404 for POST /resources/{name}/bind: a stub there turns "not found" into a broken bind.',
    async run(probe) {
      const name = await probe.shared();
      const app = probe.newApp();
      const served = await probe.send(probe.calls.bindApp(name, app));
      if (statusOf(served) === 404) probe.skip('the service serves only `bind`');
      const sent = await probe.send(probe.calls.bindApp(name, app, {}, 'bind'));
      probe.require(!isAccepted(sent), sent, `the call to \`bind\` ${outcomeOf(sent)}`);
    },
  },
];

export const bindJobChecks: readonly Check[] = [
  {
    id: 'bind-job.success',
    level: 'must',
    rule: 'A job can be bound, and Tsuru can read the variables.',
    part: PART,
    fix: `Serve PUT /resources/{name}/binds/jobs/{job}. ${READABLE}`,
    perEncoding: true,
    async run(probe) {
      probe.requireSuccess(await probe.send(probe.calls.bindJob(await probe.shared(), probe.newJob())), 'the bind');
    },
  },
  {
    id: 'bind-job.repeat',
    level: 'must',
    rule: 'A repeated bind of a job returns the same variables.',
    part: PART,
    fix: 'Look for an existing bind of the job first, and return its credentials.',
    perEncoding: true,
    async run(probe) {
      const name = await probe.shared();
      const job = probe.newJob();
      const before = await probe.jobVariables(name, job);
      const again = await probe.send(probe.calls.bindJob(name, job));
      const after = variablesOf(again);
      probe.require(
        isSame(before, after),
        again,
        `the repeated bind returned different variables: ${differing(before, after)}`,
      );
    },
  },
  {
    id: 'bind-job.missing',
    level: 'must',
    rule: 'A bind of a job to a missing instance fails.',
    part: PART,
    fix: 'Return 404 for a missing instance.',
    perEncoding: true,
    async run(probe) {
      const sent = await probe.send(probe.calls.bindJob(probe.session.newName(), probe.newJob()));
      probe.require(!isAccepted(sent), sent, `the bind ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'bind-job.apart-from-app',
    level: 'must',
    rule: 'An app and a job with the same name are separate: unbinding the job does not affect the app.',
    part: 'Names',
    fix: 'Include the kind, app or job, in the key of a bind.',
    perEncoding: true,
    async run(probe) {
      const name = await probe.instance();
      const both = probe.newApp();
      const before = await probe.variables(name, both);
      await probe.jobVariables(name, both);
      await probe.need(probe.calls.unbindJob(name, both), 'the job could not be unbound');
      await probe.requireSame(name, both, before, "the app's bind, after the job's unbind,");
    },
  },
];
