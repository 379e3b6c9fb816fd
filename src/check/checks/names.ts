import type { Check } from '../check.ts';
import { isAccepted, isRefused, isSuccess, OTHER_TEAM, outcomeOf, statusOf, type Probe } from '../probe.ts';
import { textProblem } from './text.ts';

const PART = 'Names';

/** An instance of that name works, or the service refuses the name and says why. */
function works(nameOf: (unique: string) => string): (probe: Probe) => Promise<void> {
  return async (probe) => {
    const name = probe.own(nameOf(probe.session.newName()));
    const created = await probe.create(name);
    if (isRefused(created)) {
      const problem = textProblem(created);
      probe.require(
        problem === undefined,
        created,
        `the name was refused, and the body of the answer ${String(problem)}`,
      );
      return;
    }
    probe.requireSuccess(created, 'the create');
    const status = await probe.untilUp(name);
    probe.require(status.reading.ok && statusOf(status) !== 404, status, `its status ${outcomeOf(status)}`);
    const bound = await probe.bindApp(name, probe.newApp());
    probe.requireSuccess(bound, 'a bind');
    probe.requireSuccess(await probe.send(probe.calls.destroy(name)), 'the destroy');
  };
}

/** Two instances whose names are alike are two: the second one's create, binds and end leave the first as it is. */
function apart(namesOf: (unique: string) => readonly [string, string]): (probe: Probe) => Promise<void> {
  return async (probe) => {
    const [first, second] = namesOf(probe.session.newName()).map((name) => probe.own(name)) as [string, string];
    const app = probe.newApp();
    const created = await probe.create(first);
    if (isRefused(created)) probe.skip('the service refuses such names');
    if (!isSuccess(created)) probe.block('no instance could be created', created);
    await probe.untilUp(first);
    const before = await probe.variables(first, app);
    const other = await probe.create(second, { team: OTHER_TEAM });
    if (isRefused(other)) {
      // Such a name without its like: is it refused for what it is, or for the instance that is there?
      const [, alone] = namesOf(probe.session.newName());
      if (isRefused(await probe.create(probe.own(alone), { team: OTHER_TEAM }))) probe.skip('the service refuses such names');
    }
    probe.requireSuccess(other, 'the create of the other name');
    await probe.untilUp(second);
    await probe.bindApp(second, app);
    await probe.need(probe.calls.destroy(second), 'the other instance could not be destroyed');
    await probe.requireSame(first, app, before, 'to the first instance, after the other was destroyed,');
  };
}

export const nameChecks: readonly Check[] = [
  {
    id: 'names.capitals',
    level: 'must',
    rule: 'Names may have capital letters.',
    part: PART,
    fix: 'Take every name that Tsuru takes, ^[A-Za-z][-a-zA-Z0-9_]+$, or refuse it at create with 400 and a reason.',
    run: works((unique) => `Check-ABC-${unique}`),
  },
  {
    id: 'names.underscore',
    level: 'must',
    rule: 'Names may have "_", and two signs in a row.',
    part: PART,
    fix: 'Take every name that Tsuru takes, ^[A-Za-z][-a-zA-Z0-9_]+$, or refuse it at create with 400 and a reason.',
    run: works((unique) => `${unique}__x--y_`),
  },
  {
    id: 'names.long',
    level: 'must',
    rule: 'Names have no upper limit in Tsuru: one of 200 characters works, or is refused.',
    part: PART,
    fix: 'Derive what you provision from a hash of the name, or refuse long names at create with 400 and a reason.',
    run: works((unique) => unique.padEnd(200, '-x')),
  },
  {
    id: 'names.cut-pair',
    level: 'must',
    rule: 'Two long names that differ at their end only are two instances.',
    part: PART,
    fix: 'Do not cut names to what a server takes, 63 characters for example: use a hash of the whole name.',
    run: apart((unique) => [`${unique.padEnd(199, 'x')}a`, `${unique.padEnd(199, 'x')}b`]),
  },
  {
    id: 'names.case-pair',
    level: 'must',
    rule: 'Two names that differ in case only are two instances.',
    part: PART,
    fix: 'Compare names as they are, in the store and in what is provisioned.',
    run: apart((unique) => [`Pair-${unique}`, `pair-${unique}`]),
  },
  {
    id: 'names.separator-pair',
    level: 'must',
    rule: 'Two names that differ in "-" and "_" only are two instances.',
    part: PART,
    fix: 'Do not replace signs in names: what is derived from "a-b" and "a_b" must differ.',
    run: apart((unique) => [`pair-of-${unique}`, `pair_of_${unique}`]),
  },
  {
    id: 'names.app-pair',
    level: 'must',
    rule: 'Two apps whose long names differ at their end only are two apps.',
    part: PART,
    fix: 'Derive what is made for an app from a hash of its whole name.',
    async run(probe) {
      const name = await probe.instance();
      const base = probe.newApp().padEnd(79, 'x');
      const before = await probe.variables(name, `${base}a`);
      await probe.variables(name, `${base}b`);
      await probe.need(probe.calls.unbindApp(name, `${base}b`), 'the app could not be unbound');
      await probe.requireSame(name, `${base}a`, before, 'of the first app');
    },
  },
  {
    id: 'names.plans',
    level: 'should',
    rule: 'No instance is called `plans`: its info would be the plans.',
    part: PART,
    fix: 'Refuse the name `plans` at create, with 400.',
    async run(probe) {
      const before = await probe.send(probe.calls.status('plans'));
      if (isAccepted(before)) probe.skip('there is an instance of that name');
      const sent = await probe.create('plans');
      if (isAccepted(sent)) probe.own('plans');
      probe.require(isRefused(sent), sent, `the create ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'names.built-in',
    level: 'should',
    rule: 'Names such as `constructor` are names like any other.',
    part: PART,
    fix: 'Keep instances in a Map or a table, and never as keys of a plain object.',
    async run(probe) {
      for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
        const sent = await probe.send(probe.calls.status(name));
        const status = statusOf(sent);
        const isReal = status >= 200 && status < 300;
        if (isReal) {
          const other = await probe.send(probe.calls.status('isPrototypeOf'));
          probe.require(!isAccepted(other), other, 'instances that nobody made have a status');
        }
        probe.require(status > 0 && status < 500, sent, `the status of "${name}" ${outcomeOf(sent)}`);
      }
    },
  },
  {
    id: 'names.illegal',
    level: 'should',
    rule: 'A name that Tsuru does not take is refused.',
    part: PART,
    fix: 'Check names at create against ^[A-Za-z][-a-zA-Z0-9_]+$, and answer 400.',
    perEncoding: true,
    async run(probe) {
      const unique = probe.session.newName();
      const illegal = [
        `${unique}/x`,
        `${unique} x`,
        `../${unique}`,
        `${unique}'; --`,
        `${unique}é`,
        `1${unique}`,
        `${unique}\n`,
        '',
      ];
      for (const name of illegal) {
        const sent = await probe.create(name === '' ? name : probe.own(name));
        probe.require(isRefused(sent), sent, `the create of ${JSON.stringify(name)} ${outcomeOf(sent)}`);
      }
    },
  },
];
