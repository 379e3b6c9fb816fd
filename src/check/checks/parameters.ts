import type { ParameterMap } from '../../tsuru/encoding.ts';
import type { Check } from '../check.ts';
import type { Probe } from '../probe.ts';
import { isRefused, isSuccess, outcomeOf } from '../sent.ts';

const PART = 'Form encoding of parameters';

/** A create with these parameters succeeds, and again if creates can be repeated at all, or is refused. */
function taken(parameters: ParameterMap): (probe: Probe) => Promise<void> {
  return async (probe) => {
    const name = probe.newName();
    const created = await probe.create(name, { parameters });
    if (isRefused(created)) return;
    await probe.requireSpecial(created, 'the create', probe.needParameter);
    await probe.settled(name);
    const again = await probe.create(name, { parameters });
    if (!isSuccess(again) && !(await probe.isRepeatable())) return;
    probe.requireSuccess(again, 'the repeated create');
  };
}

/** Keys that change the prototype of objects in a careless JavaScript decoder. */
const POISON = JSON.parse(
  '{"__proto__": {"polluted": "yes"}, "constructor": {"prototype": {"polluted": "yes"}}}',
) as Record<string, Record<string, string>>;

export const parameterChecks: readonly Check[] = [
  {
    id: 'parameters.simple',
    level: 'should',
    rule: 'A parameter is accepted, or refused with a 4xx.',
    part: PART,
    fix: 'Read the fields of a form that start with "parameters.", and the object `parameters` of JSON; return 400 for unknown ones.',
    perEncoding: true,
    async run(probe) {
      await probe.needCreate();
      await probe.needParameter();
    },
  },
  {
    id: 'parameters.nested',
    level: 'should',
    rule: 'Nested parameters are accepted, or refused with a 4xx.',
    part: PART,
    fix: 'Split the name of a form field at the dots: parameters.a.b=x means {"a": {"b": "x"}}.',
    perEncoding: true,
    run: taken({ check: { inner: { deep: 'x' }, other: 'y' } }),
  },
  {
    id: 'parameters.list',
    level: 'should',
    rule: 'Lists in parameters are accepted, or refused with a 4xx.',
    part: PART,
    fix: 'Read list items by their index: parameters.l.0=x means {"l": ["x"]}.',
    perEncoding: true,
    run: taken({ check: ['a', 'b', { c: 'd' }] }),
  },
  {
    id: 'parameters.dots',
    level: 'should',
    rule: 'Parameter names with dots, backslashes or brackets are accepted, or refused with a 4xx.',
    part: PART,
    fix: 'Expect a backslash before each dot and backslash of a key; treat brackets as ordinary characters.',
    perEncoding: true,
    run: taken({ 'a.b': 'x', 'c\\d': 'y', 'e[f]': 'z', 'g[]': 'w' }),
  },
  {
    id: 'parameters.unicode',
    level: 'should',
    rule: 'Parameters in any script are accepted, or refused with a 4xx.',
    part: PART,
    fix: 'Decode bodies as UTF-8.',
    perEncoding: true,
    run: taken({ größe: 'für 😀', emoji: '日本語' }),
  },
  {
    id: 'parameters.empty',
    level: 'should',
    rule: 'Empty parameters are accepted, or refused with a 4xx: false, 0 and empty lists all arrive as an empty string.',
    part: PART,
    fix: 'Accept empty values, and ignore a field named "parameters.", which Tsuru sends for an empty object.',
    perEncoding: true,
    run: taken({ check: '', '': '', list: [], object: {} }),
  },
  {
    id: 'parameters.poison',
    level: 'must',
    rule: 'Parameters named `__proto__` or `constructor` do no harm.',
    part: PART,
    fix: 'Decode into a Map, or into objects without a prototype.',
    perEncoding: true,
    async run(probe) {
      const name = probe.newName();
      const created = await probe.create(name, { parameters: POISON });
      const isClear = isSuccess(created) || isRefused(created);
      await probe.requireUnless(isClear, created, `the create ${outcomeOf(created)}`, probe.needParameter);
      // It makes room for the next one, where there is a quota.
      if (isSuccess(created)) await probe.destroy(name);
      const after = await probe.create(probe.newName());
      await probe.requireSpecial(after, 'the next create', probe.needCreate);
      await probe.requireAlive();
    },
  },
];
