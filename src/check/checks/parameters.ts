import type { ParameterMap } from '../../tsuru/encoding.ts';
import type { Check } from '../check.ts';
import { isRefused, isSuccess, outcomeOf, type Probe } from '../probe.ts';

const PART = 'Form encoding of parameters';

/** A create with those parameters works, and so does the same once more; or they are refused. */
function taken(parameters: ParameterMap): (probe: Probe) => Promise<void> {
  return async (probe) => {
    const name = probe.newName();
    const created = await probe.create(name, { parameters });
    if (isRefused(created)) return;
    probe.requireSuccess(created, 'the create');
    await probe.untilUp(name);
    const again = await probe.create(name, { parameters });
    probe.requireSuccess(again, 'the same create once more');
  };
}

/** A JavaScript parser that builds objects of keys such as `__proto__` must not poison them. */
const POISON = JSON.parse(
  '{"__proto__": {"polluted": "yes"}, "constructor": {"prototype": {"polluted": "yes"}}}',
) as Record<string, Record<string, string>>;

export const parameterChecks: readonly Check[] = [
  {
    id: 'parameters.nested',
    level: 'should',
    rule: 'Parameters with parameters inside are taken or refused.',
    part: PART,
    fix: 'Split the key of a form field at its dots: parameters.a.b=x means {"a": {"b": "x"}}.',
    perEncoding: true,
    run: taken({ check: { inner: { deep: 'x' }, other: 'y' } }),
  },
  {
    id: 'parameters.list',
    level: 'should',
    rule: 'Parameters with lists are taken or refused.',
    part: PART,
    fix: 'Read the items of a list by their index: parameters.l.0=x means {"l": ["x"]}.',
    perEncoding: true,
    run: taken({ check: ['a', 'b', { c: 'd' }] }),
  },
  {
    id: 'parameters.dots',
    level: 'should',
    rule: 'Parameters with dots, backslashes and brackets in their names are taken or refused.',
    part: PART,
    fix: 'A dot or a backslash inside a key comes with a backslash before it; brackets are plain characters.',
    perEncoding: true,
    run: taken({ 'a.b': 'x', 'c\\d': 'y', 'e[f]': 'z', 'g[]': 'w' }),
  },
  {
    id: 'parameters.unicode',
    level: 'should',
    rule: 'Parameters in any letters are taken or refused.',
    part: PART,
    fix: 'Decode bodies as UTF-8.',
    perEncoding: true,
    run: taken({ größe: 'für 😀', emoji: '日本語' }),
  },
  {
    id: 'parameters.empty',
    level: 'should',
    rule: 'Empty parameters are taken or refused: false, 0 and empty lists all arrive as an empty text.',
    part: PART,
    fix: 'Take an empty value; and ignore a field called "parameters.", which Tsuru sends for an empty object.',
    perEncoding: true,
    run: taken({ check: '', '': '', list: [], object: {} }),
  },
  {
    id: 'parameters.poison',
    level: 'must',
    rule: 'Parameters called `__proto__` or `constructor` break nothing.',
    part: PART,
    fix: 'Decode into a Map, or into objects without a prototype.',
    perEncoding: true,
    async run(probe) {
      const created = await probe.create(probe.newName(), { parameters: POISON });
      probe.require(isSuccess(created) || isRefused(created), created, `the create ${outcomeOf(created)}`);
      const after = await probe.create(probe.newName());
      probe.requireSuccess(after, 'the next create');
      await probe.requireAlive();
    },
  },
];
