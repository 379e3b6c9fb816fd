import { INSTANCE_NAME } from '../../tsuru/names.ts';
import type { Check } from '../check.ts';
import { isAccepted, isRefused, isSuccess, OTHER_TEAM, outcomeOf, statusOf, type Probe } from '../probe.ts';
import { textProblem } from './text.ts';

const PART = 'Names';
const ACCEPT = `Accept every name that Tsuru allows, ${INSTANCE_NAME.source}, or refuse it at create with 400 and a reason.`;

/** An instance with this name works, or the service refuses the name and says why. */
function works(nameOf: (unique: string) => string): (probe: Probe) => Promise<void> {
  return async (probe) => {
    const name = probe.own(nameOf(probe.session.newName()));
    const created = await probe.create(name);
    if (isRefused(created)) {
      const problem = textProblem(created);
      probe.require(
        problem === undefined,
        created,
        `the name was refused, and the body of the reply ${String(problem)}`,
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

/** Two instances with similar names are separate: creating, binding and destroying the second does not affect the first. */
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
      // Is the name refused by itself, or because of the first instance?
      const [, alone] = namesOf(probe.session.newName());
      if (isRefused(await probe.create(probe.own(alone), { team: OTHER_TEAM }))) probe.skip('the service refuses such names');
    }
    probe.requireSuccess(other, 'the create with the other name');
    await probe.untilUp(second);
    await probe.bindApp(second, app);
    await probe.need(probe.calls.destroy(second), 'the other instance could not be destroyed');
    await probe.requireSame(first, app, before, 'the bind to the first instance, after the other was destroyed,');
  };
}

export const nameChecks: readonly Check[] = [
  {
    id: 'names.capitals',
    level: 'must',
    rule: 'Names may contain capital letters.',
    part: PART,
    fix: ACCEPT,
    run: works((unique) => `Check-ABC-${unique}`),
  },
  {
    id: 'names.underscore',
    level: 'must',
    rule: 'Names may contain "_", and two separators in a row.',
    part: PART,
    fix: ACCEPT,
    run: works((unique) => `${unique}__x--y_`),
  },
  {
    id: 'names.long',
    level: 'must',
    rule: 'A name of 200 characters works or is refused: Tsuru sets no limit.',
    part: PART,
    fix: 'Derive the names of resources from a hash of the name, or refuse long names at create with 400 and a reason.',
    run: works((unique) => unique.padEnd(200, '-x')),
  },
  {
    id: 'names.cut-pair',
    level: 'must',
    rule: 'Long names that differ only at the end are separate instances.',
    part: PART,
    fix: 'Use a hash of the whole name instead of truncating it, for example to 63 characters.',
    run: apart((unique) => [`${unique.padEnd(199, 'x')}a`, `${unique.padEnd(199, 'x')}b`]),
  },
  {
    id: 'names.case-pair',
    level: 'must',
    rule: 'Names that differ only in case are separate instances.',
    part: PART,
    fix: 'Treat names as case-sensitive, in the store and in the names of resources.',
    run: apart((unique) => [`Pair-${unique}`, `pair-${unique}`]),
  },
  {
    id: 'names.separator-pair',
    level: 'must',
    rule: 'Names that differ only in "-" and "_" are separate instances.',
    part: PART,
    fix: 'Do not replace characters in names: resources for "a-b" and "a_b" need different names.',
    run: apart((unique) => [`pair-of-${unique}`, `pair_of_${unique}`]),
  },
  {
    id: 'names.app-pair',
    level: 'must',
    rule: 'Apps whose long names differ only at the end are separate apps.',
    part: PART,
    fix: 'Derive the names of the resources of an app from a hash of its whole name.',
    async run(probe) {
      const name = await probe.instance();
      const base = probe.newApp().padEnd(79, 'x');
      const before = await probe.variables(name, `${base}a`);
      await probe.variables(name, `${base}b`);
      await probe.need(probe.calls.unbindApp(name, `${base}b`), 'the app could not be unbound');
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
      const before = await probe.send(probe.calls.status('plans'));
      if (isAccepted(before)) probe.skip('an instance named `plans` exists');
      const sent = await probe.create('plans');
      if (isAccepted(sent)) probe.own('plans');
      probe.require(isRefused(sent), sent, `the create ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'names.built-in',
    level: 'should',
    rule: 'Names such as `constructor` are ordinary names.',
    part: PART,
    fix: 'Store instances in a Map or a table, not under the keys of a plain object.',
    async run(probe) {
      for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
        const sent = await probe.send(probe.calls.status(name));
        const status = statusOf(sent);
        const isReal = status >= 200 && status < 300;
        if (isReal) {
          const other = await probe.send(probe.calls.status('isPrototypeOf'));
          probe.require(!isAccepted(other), other, 'instances that were never created have a status');
        }
        probe.require(status > 0 && status < 500, sent, `the status of "${name}" ${outcomeOf(sent)}`);
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
