import { INSTANCE_NAME } from '../../tsuru/names.ts';
import type { Check } from '../check.ts';
import { OTHER_TEAM } from '../names.ts';
import type { Probe } from '../probe.ts';
import { isAccepted, isRefused, isSuccess, outcomeOf, statusOf, variablesOf, wayOf } from '../sent.ts';
import { textProblem } from './text.ts';

const PART = 'Names';
const ACCEPT = `Accept every name that Tsuru allows, ${INSTANCE_NAME.source}, or refuse it at create with 400 and a reason.`;

/** An instance with this name works, or the service refuses the name and says why. */
function works(nameOf: (unique: string) => string): (probe: Probe) => Promise<void> {
  return async (probe) => {
    const name = probe.own(nameOf(probe.session.names.next('')));
    const created = await probe.create(name);
    if (isRefused(created)) {
      const problem = textProblem(created);
      probe.require(
        problem === undefined || problem === 'is HTML',
        created,
        `the name was refused, and the body of the reply ${String(problem)}`,
      );
      return;
    }
    await probe.requireSpecial(created, 'the create', probe.needCreate);
    await probe.special(() => probe.settled(name), () => probe.instance());
    const { holds, sent } = await probe.exists(name);
    probe.require(holds, sent, `${wayOf(sent.call)} ${outcomeOf(sent)}`);
    const bound = await probe.special(() => probe.bindApp(name, probe.newApp()), probe.needBind);
    await probe.requireSpecial(bound, 'a bind', probe.needBind);
    await probe.requireSpecial(await probe.destroy(name), 'the destroy', probe.needDestroy);
  };
}

/** Two instances with similar names are separate: creating, binding and destroying the second does not affect the first. */
function apart(
  testedBy: readonly [first: string, second: string],
  namesOf: (unique: string) => readonly [string, string],
): (probe: Probe) => Promise<void> {
  return async (probe) => {
    await probe.needStableBinds();
    const [first, second] = namesOf(probe.session.names.next('')).map((name) => probe.own(name)) as [string, string];
    const app = probe.newApp();
    const created = await probe.create(first);
    if (isRefused(created)) probe.skip('the service refuses such names');
    if (!isSuccess(created)) probe.blockBy(testedBy[0], 'no instance with such a name could be created', created);
    const bound = await probe.special(async () => {
      await probe.settled(first);
      return probe.bindApp(first, app);
    }, probe.needBind);
    const before = variablesOf(bound) ?? probe.blockBy(testedBy[0], 'an instance with such a name could not be bound', bound);
    const other = await probe.create(second, { team: OTHER_TEAM });
    if (!isSuccess(other)) {
      // Is the name refused by itself, or because of the first instance?
      const [, name] = namesOf(probe.session.names.next(''));
      const alone = await probe.create(probe.own(name), { team: OTHER_TEAM });
      if (isRefused(alone)) probe.skip('the service refuses such names');
      if (!isSuccess(alone)) probe.blockBy(testedBy[1], 'no instance with such a name could be created', alone);
    }
    probe.requireSuccess(other, 'the create with the other name');
    await probe.special(async () => {
      await probe.settled(second);
      return probe.bindApp(second, app);
    }, probe.needBind);
    const destroyed = await probe.destroy(second);
    if (!isSuccess(destroyed)) probe.blockBy(testedBy[1], 'the other instance could not be destroyed', destroyed);
    await probe.requireSame(first, app, before, 'the bind to the first instance, after the other was destroyed,');
  };
}

export const nameChecks: readonly Check[] = [
  {
    id: 'names.hyphen',
    level: 'must',
    rule: 'Names may contain "-".',
    part: PART,
    fix: ACCEPT,
    run: works((unique) => `c--${unique}`),
  },
  {
    id: 'names.capitals',
    level: 'must',
    rule: 'Names may contain capital letters.',
    part: PART,
    fix: ACCEPT,
    run: works((unique) => `CKX${unique}`),
  },
  {
    id: 'names.underscore',
    level: 'must',
    rule: 'Names may contain "_", and two in a row.',
    part: PART,
    fix: ACCEPT,
    run: works((unique) => `c__${unique}`),
  },
  {
    id: 'names.long',
    level: 'must',
    rule: 'A name of 200 characters works or is refused: Tsuru sets no limit.',
    part: PART,
    fix: 'Derive the names of resources from a hash of the name, or refuse long names at create with 400 and a reason.',
    run: works((unique) => `c${unique}`.padEnd(200, 'x')),
  },
  {
    id: 'names.cut-pair',
    level: 'must',
    rule: 'Long names that differ only at the end are separate instances.',
    part: PART,
    fix: 'Use a hash of the whole name instead of truncating it, for example to 63 characters.',
    run: apart(['names.long', 'names.long'], (unique) => {
      const start = `c${unique}`.padEnd(199, 'x');
      return [`${start}a`, `${start}b`];
    }),
  },
  {
    id: 'names.case-pair',
    level: 'must',
    rule: 'Names that differ only in case are separate instances.',
    part: PART,
    fix: 'Treat names as case-sensitive, in the store and in the names of resources.',
    run: apart(['names.capitals', 'create.success'], (unique) => [`Ck${unique}`, `ck${unique}`]),
  },
  {
    id: 'names.separator-pair',
    level: 'must',
    rule: 'Names that differ only in "-" and "_" are separate instances.',
    part: PART,
    fix: 'Do not replace characters in names: resources for "a-b" and "a_b" need different names.',
    run: apart(['names.hyphen', 'names.underscore'], (unique) => [`c-${unique}`, `c_${unique}`]),
  },
  {
    id: 'names.app-pair',
    level: 'must',
    rule: 'Apps whose long names differ only at the end are separate apps.',
    part: PART,
    fix: 'Derive the names of the resources of an app from a hash of its whole name.',
    async run(probe) {
      await probe.needSeveralApps();
      const name = await probe.instance();
      const base = probe.newApp().padEnd(39, 'x');
      const first = await probe.bindApp(name, `${base}a`);
      await probe.requireSpecial(first, 'the bind', probe.needBind);
      const before = variablesOf(first) ?? {};
      const second = await probe.bindApp(name, `${base}b`);
      await probe.requireSpecial(second, 'the bind of the second app', probe.needBind);
      const unbound = await probe.send(probe.unbinding(name, `${base}b`));
      await probe.requireSpecial(unbound, 'the unbind', probe.needUnbind);
      await probe.requireSame(name, `${base}a`, before, 'the bind of the first app');
    },
  },
  {
    id: 'names.plans',
    level: 'should',
    rule: 'The instance name `plans` is refused: its info would be the list of plans.',
    part: PART,
    fix: 'Return 400 for a create with the name `plans`.',
    async run(probe) {
      const { kind } = await probe.witness();
      // Its info is the list of plans, and a create would tell too late.
      if (kind === 'info' || kind === 'create') probe.skip('no call tells whether an instance named `plans` exists');
      if ((await probe.exists('plans')).holds) probe.skip('an instance named `plans` exists');
      const sent = await probe.create('plans');
      if (isAccepted(sent)) probe.own('plans');
      await probe.requireRefused(sent, 'the create');
    },
  },
  {
    id: 'names.built-in',
    level: 'should',
    rule: 'Names such as `constructor` are ordinary names.',
    part: PART,
    fix: 'Store instances in a Map or a table, not under the keys of a plain object.',
    async run(probe) {
      const ordinary = await probe.send(probe.calls.status(probe.missingName()));
      if (statusOf(ordinary) < 400 || statusOf(ordinary) === 500) probe.blockBy('status.missing', 'any name has a status', ordinary);
      for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
        const sent = await probe.send(probe.calls.status(name));
        // One of these names may well be in use, but hardly all of them.
        const isReal = isAccepted(sent) && !isAccepted(await probe.send(probe.calls.status('isPrototypeOf')));
        probe.require(statusOf(sent) === statusOf(ordinary) || isRefused(sent) || isReal, sent, `the status of "${name}" ${outcomeOf(sent)}`);
      }
    },
  },
  {
    id: 'names.illegal',
    level: 'should',
    rule: 'A name that Tsuru does not allow is refused.',
    part: PART,
    fix: `Check names against ${INSTANCE_NAME.source} at create, and return 400.`,
    perEncoding: true,
    async run(probe) {
      const unique = probe.missingName();
      const illegal = [
        `${unique}/x`,
        `${unique} x`,
        `../${unique}`,
        `${unique}'; --`,
        `${unique}é`,
        `1${unique}`,
        `${unique}\n`,
      ];
      for (const name of illegal) {
        const sent = await probe.create(probe.own(name));
        await probe.requireRefused(sent, `the create of ${JSON.stringify(name)}`);
      }
    },
  },
];
