import type { AppFields } from '../../tsuru/calls.ts';
import type { Check } from '../check.ts';
import { hostOf } from '../names.ts';
import type { Probe } from '../probe.ts';
import { differing, isAccepted, isRefused, isSame, isSuccess, outcomeOf, statusOf, variablesOf } from '../sent.ts';

const PART = 'Replies: bind';
const READABLE =
  'Return 201 with a JSON object whose values are all strings ("5432", not 5432), or {} without variables';

/** A bind with these fields returns variables that Tsuru can read, as an ordinary one does. */
function works(fieldsOf: (app: string) => Partial<AppFields>): (probe: Probe) => Promise<void> {
  return async (probe) => {
    const app = probe.newApp();
    const sent = await probe.bindApp(await probe.toBind(), app, fieldsOf(app));
    await probe.requireSpecial(sent, 'the bind', probe.needBind);
  };
}

export const bindAppChecks: readonly Check[] = [
  {
    id: 'bind-app.success',
    level: 'must',
    rule: 'An app can be bound, and Tsuru can read the variables.',
    part: PART,
    fix: `${READABLE}, for every instance that was created, by a form or by JSON.`,
    perEncoding: true,
    async run(probe) {
      probe.requireSuccess(await probe.bindApp(await probe.toBind(), probe.newApp()), 'the bind');
    },
  },
  {
    id: 'bind-app.no-host',
    level: 'must',
    rule: 'An app without a host can be bound.',
    part: 'The calls',
    fix: 'Accept a bind without `app-host` and `app-hosts`: an app without a router has no host.',
    perEncoding: true,
    run: works(() => ({ hosts: [] })),
  },
  {
    id: 'bind-app.two-hosts',
    level: 'must',
    rule: 'An app with two hosts, internal hosts and a pool can be bound.',
    part: 'The calls',
    fix: 'Read `app-hosts` and `app-internal-hosts` as repeated fields in a form, and as lists in JSON.',
    perEncoding: true,
    run: works((app) => ({
      hosts: [hostOf(app), `www.${hostOf(app)}`],
      internalHosts: [`${app}.svc:80`, `${app}.svc:443`],
      pool: 'check-pool',
    })),
  },
  {
    id: 'bind-app.second-app',
    level: 'should',
    rule: 'Several apps can be bound to one instance.',
    part: 'The calls',
    fix: 'Give each app credentials of its own; if an instance is for one app only, say so in the documentation of the service.',
    async run(probe) {
      const name = await probe.instance();
      await probe.variables(name, probe.newApp());
      const second = await probe.bindApp(name, probe.newApp());
      probe.requireSuccess(second, 'the bind of a second app');
    },
  },
  {
    id: 'bind-app.shared-host',
    level: 'should',
    rule: 'Two apps with the same host are bound separately.',
    part: 'The calls',
    fix: 'Use `app-name`, not `app-host`, as the key of a bind: two routers may give two apps the same host.',
    async run(probe) {
      await probe.needSeveralApps();
      await probe.needStableBinds();
      const name = await probe.instance();
      const [first, second] = [probe.newApp(), probe.newApp()];
      const hosts = [hostOf(first)];
      const before = await probe.variables(name, first);
      const other = await probe.bindApp(name, second, { hosts });
      probe.requireSuccess(other, 'the bind of the second app');
      const ordinary = await probe.variables(name, probe.newApp());
      const isShared = isSame(before, variablesOf(other)) && !isSame(before, ordinary);
      probe.require(!isShared, other, 'the second app got the variables of the first, which other apps do not');
      const unbound = await probe.send(probe.calls.unbindApp(name, second, hosts));
      await probe.requireSpecial(unbound, 'the unbind of the second app', probe.needUnbind);
      await probe.requireSame(name, first, before, 'the bind of the first app, after the unbind of the second,');
    },
  },
  {
    id: 'bind-app.variable-names',
    level: 'should',
    rule: 'The names of the variables are valid in a shell.',
    part: PART,
    fix: 'Use letters, digits and "_" only, and do not start with a digit.',
    async run(probe) {
      const variables = await probe.variables(await probe.toBind(), probe.newApp());
      const wrong = Object.keys(variables).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
      probe.require(wrong === undefined, probe.last(), `"${String(wrong)}" is not a valid name`);
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
      const name = await probe.toBind();
      const app = probe.newApp();
      const before = await probe.variables(name, app);
      await probe.requireEqual(before, await probe.bindApp(name, app), 'the repeated bind');
      await probe.requireEqual(before, await probe.bindApp(name, app), 'the third bind');
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
      await probe.need(probe.unbinding(name, app), 'the app could not be unbound');
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
      await probe.needSeveralApps();
      const apps = Array.from({ length: 10 }, () => probe.newApp());
      // A service whose status does not tell may need to be asked until it is ready.
      await probe.variables(name, probe.newApp());
      const bound = await Promise.all(apps.map((app) => probe.bindAppNow(name, app, {}, { isSingle: true })));
      const broken = bound.find((sent) => !isSuccess(sent));
      await probe.requireUnless(
        broken === undefined,
        broken,
        `one of the binds ${broken ? outcomeOf(broken) : ''}`,
        probe.needBind,
      );
      await probe.needStableBinds();
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
      const broken = both.find((sent) => !isSuccess(sent) && !isRefused(sent));
      const problem = `one of the binds ${broken ? outcomeOf(broken) : ''}`;
      await probe.requireUnless(broken === undefined, broken, problem, probe.needBind);
      await probe.requireUnless(both.some(isSuccess), both[0], 'neither bind succeeded', probe.needBind);
    },
  },
  {
    id: 'bind-app.pending',
    level: 'should',
    rule: 'A bind to a pending instance returns 412.',
    part: PART,
    fix: 'Return 412 until the instance is up: Tsuru tells the user that it is not ready yet.',
    async run(probe) {
      const sent = await probe.bindAppNow(await probe.created(), probe.newApp());
      if (isSuccess(sent)) probe.skip('the instance can be bound immediately');
      await probe.requireUnless(statusOf(sent) === 412, sent, `the bind ${outcomeOf(sent)}`, probe.needBind);
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
      const sent = await probe.bindApp(await probe.toBind(), probe.newApp(), {
        parameters: { role: 'reader', 'a.b': ['c'] },
      });
      const isClear = isSuccess(sent) || isRefused(sent);
      await probe.requireUnless(isClear, sent, `the bind ${outcomeOf(sent)}`, probe.needBind);
    },
  },
  {
    id: 'bind-app.missing',
    level: 'must',
    rule: 'A bind to a missing instance fails, on `bind` as on `bind-app`.',
    part: PART,
    fix: 'Store each instance from its create to its destroy, and return 404 for any other name on both: after a 404 from bind-app, Tsuru tries POST .../bind and trusts the reply.',
    perEncoding: true,
    async run(probe) {
      const sent = await probe.bindAppNow(probe.missingName(), probe.newApp());
      await probe.requireUnless(!isSuccess(sent), sent, `the bind ${outcomeOf(sent)}`, async () => {
        if (sent.call.request.path.endsWith('/bind-app')) return;
        const stub = await probe.send(probe.calls.bindApp(await probe.toBind(), probe.newApp(), {}, 'bind'));
        if (isAccepted(stub)) probe.blockBy('bind-app.fallback', '`bind` is served for every name', stub);
      });
    },
  },
  {
    id: 'bind-app.not-found',
    level: 'should',
    rule: 'A bind to a missing instance returns 404.',
    part: PART,
    fix: 'Return 404: Tsuru tells the user that the instance does not exist.',
    async run(probe) {
      const sent = await probe.bindAppNow(probe.missingName(), probe.newApp());
      if (isSuccess(sent)) probe.blockBy('bind-app.missing', 'the bind succeeded', sent);
      if (isAccepted(sent)) probe.blockBy('bind-app.fallback', '`bind` is served', sent);
      await probe.requireUnless(statusOf(sent) === 404, sent, `the bind ${outcomeOf(sent)}`, probe.needBind);
    },
  },
  {
    id: 'bind-app.fallback',
    level: 'must',
    rule: 'A service that serves `bind-app` does not serve `bind`.',
    part: PART,
    fix: 'Return 404 for POST /resources/{name}/bind: a stub there turns "not found" into a broken bind.',
    async run(probe) {
      const name = await probe.toBind();
      const app = probe.newApp();
      const hosts = [hostOf(app)];
      await probe.bindApp(name, app);
      const served = await probe.send(probe.calls.bindApp(name, app, { hosts }));
      if (statusOf(served) === 404) probe.skip('the service serves only `bind`');
      const sent = await probe.send(probe.calls.bindApp(name, app, { hosts }, 'bind'));
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
    fix: `Serve PUT /resources/{name}/binds/jobs/{job}. ${READABLE}.`,
    perEncoding: true,
    async run(probe) {
      probe.requireSuccess(await probe.bindJob(await probe.shared(), probe.newJob()), 'the bind');
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
      await probe.requireEqual(before, await probe.bindJob(name, job), 'the repeated bind');
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
      const sent = await probe.send(probe.calls.bindJob(probe.missingName(), probe.newJob()));
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
