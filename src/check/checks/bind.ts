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
  'Answer 201 with one JSON object whose values are all strings: "5432", not 5432; {} when there are none.';

/** An app bound with those fields gets variables that Tsuru can read. */
function works(fields: Partial<AppFields>): (probe: Probe) => Promise<void> {
  return async (probe) => {
    const sent = await probe.bindApp(await probe.shared(), probe.newApp(), fields);
    probe.requireSuccess(sent, 'the bind');
  };
}

/** An instance that does not exist cannot be bound. */
async function bindToNothing(probe: Probe): Promise<void> {
  const sent = await probe.bindApp(probe.session.newName(), probe.newApp());
  probe.require(!isAccepted(sent), sent, `the bind ${outcomeOf(sent)}`);
}

export const bindAppChecks: readonly Check[] = [
  {
    id: 'bind-app.success',
    level: 'must',
    rule: 'An app can be bound, and Tsuru can read its variables.',
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
    fix: 'Take a bind without `app-host` and `app-hosts`: an app without a router has none.',
    perEncoding: true,
    run: works({}),
  },
  {
    id: 'bind-app.two-hosts',
    level: 'must',
    rule: 'An app with two hosts, internal hosts and a pool can be bound.',
    part: 'The calls',
    fix: 'Read `app-hosts` and `app-internal-hosts` as repeated fields of a form, or lists in JSON.',
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
    rule: 'The names of the variables can be used in a shell.',
    part: PART,
    fix: 'Use letters, digits and "_", and no digit at the start.',
    async run(probe) {
      const sent = await probe.bindApp(await probe.shared(), probe.newApp());
      const wrong = Object.keys(variablesOf(sent) ?? {}).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
      probe.require(wrong === undefined, sent, `"${String(wrong)}" cannot`);
    },
  },
  {
    id: 'bind-app.repeat',
    level: 'must',
    rule: 'A bind that is repeated gives the same variables.',
    part: PART,
    fix: 'Look for the bind of that app first, and answer with the credentials that it has.',
    perEncoding: true,
    async run(probe) {
      const name = await probe.shared();
      const app = probe.newApp();
      const before = await probe.variables(name, app);
      await probe.requireSame(name, app, before, 'that was repeated');
      await probe.requireSame(name, app, before, 'that was repeated again');
    },
  },
  {
    id: 'bind-app.after-unbind',
    level: 'must',
    rule: 'A bind soon after an unbind brings back the same variables.',
    part: 'Replies: unbind',
    fix: 'Keep what the credentials of an app are made from for an hour after its unbind: Tsuru undoes an unbind by binding again, and throws the answer away.',
    perEncoding: true,
    async run(probe) {
      const name = await probe.instance();
      const app = probe.newApp();
      const before = await probe.variables(name, app);
      await probe.need(probe.calls.unbindApp(name, app), 'the app could not be unbound');
      await probe.requireSame(name, app, before, 'after the unbind');
    },
  },
  {
    id: 'bind-app.ten-at-once',
    level: 'must',
    rule: 'Ten apps can be bound at once, and each keeps its own variables.',
    part: PART,
    fix: 'Let the binds of one instance wait for each other, and store each before it is answered.',
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
          `one of the apps has other variables now: ${differing(before, after)}`,
        );
      }
    },
  },
  {
    id: 'bind-app.same-at-once',
    level: 'should',
    rule: 'Two binds of one app at once give the same variables.',
    part: PART,
    fix: 'Let the second wait for the first, and answer it with the same credentials.',
    async run(probe) {
      const name = await probe.instance();
      const app = probe.newApp();
      const both = await Promise.all([probe.bindApp(name, app), probe.bindApp(name, app)]);
      for (const sent of both) {
        if (!isSuccess(sent)) continue;
        await probe.requireSame(name, app, variablesOf(sent) ?? {}, 'after two at once');
      }
      probe.require(both.some(isSuccess), both[0], 'none of them worked');
    },
  },
  {
    id: 'bind-app.pending',
    level: 'should',
    rule: 'A bind to an instance that is still pending is answered with 412.',
    part: PART,
    fix: 'Answer 412 until the instance is up: Tsuru tells its user that it is not ready yet.',
    async run(probe) {
      const sent = await probe.send(probe.calls.bindApp(await probe.created(), probe.newApp()));
      if (isSuccess(sent)) probe.skip('the instance could be bound at once');
      probe.require(statusOf(sent) === 412, sent, `the bind ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'bind-app.parameters',
    level: 'should',
    rule: 'Parameters of a bind are taken or refused, and break nothing.',
    part: 'The calls',
    fix: 'Read `parameters` of a bind as of a create; refuse those that you do not know with 400.',
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
    rule: 'An instance that does not exist cannot be bound, on `/bind` neither.',
    part: PART,
    fix: 'Answer 404 on both: after a 404 of bind-app Tsuru tries POST .../bind, and believes what that answers.',
    perEncoding: true,
    run: bindToNothing,
  },
  {
    id: 'bind-app.not-found',
    level: 'should',
    rule: 'A bind to an instance that does not exist is answered with 404.',
    part: PART,
    fix: 'Answer 404: Tsuru tells its user that the instance does not exist.',
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
    fix: 'Answer 404 to POST /resources/{name}/bind: a stub there turns "not found" into a broken bind.',
    async run(probe) {
      const name = await probe.shared();
      const app = probe.newApp();
      const served = await probe.send(probe.calls.bindApp(name, app));
      if (statusOf(served) === 404) probe.skip('the service serves `bind` only');
      const sent = await probe.send(probe.calls.bindApp(name, app, {}, 'bind'));
      probe.require(!isAccepted(sent), sent, `the old call ${outcomeOf(sent)}`);
    },
  },
];

export const bindJobChecks: readonly Check[] = [
  {
    id: 'bind-job.success',
    level: 'must',
    rule: 'A job can be bound, and Tsuru can read its variables.',
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
    rule: "A job's bind that is repeated gives the same variables.",
    part: PART,
    fix: 'Look for the bind of that job first, and answer with the credentials that it has.',
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
        `the repeated bind gave other variables: ${differing(before, after)}`,
      );
    },
  },
  {
    id: 'bind-job.missing',
    level: 'must',
    rule: 'A job cannot be bound to an instance that does not exist.',
    part: PART,
    fix: 'Answer 404 for an instance that the service does not have.',
    perEncoding: true,
    async run(probe) {
      const sent = await probe.send(probe.calls.bindJob(probe.session.newName(), probe.newJob()));
      probe.require(!isAccepted(sent), sent, `the bind ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'bind-job.apart-from-app',
    level: 'must',
    rule: 'An app and a job of the same name are two: unbinding the job leaves the app as it is.',
    part: 'Names',
    fix: 'Tell apps and jobs apart in the key of a bind.',
    perEncoding: true,
    async run(probe) {
      const name = await probe.instance();
      const both = probe.newApp();
      const before = await probe.variables(name, both);
      await probe.jobVariables(name, both);
      await probe.need(probe.calls.unbindJob(name, both), 'the job could not be unbound');
      await probe.requireSame(name, both, before, 'of the app, after the unbind of the job,');
    },
  },
];
