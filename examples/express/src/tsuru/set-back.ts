import type { Instance } from './backend.js';
import { sameJson, type JsonValue } from './values.js';

type Values = Pick<Instance, 'name' | 'team' | 'plan' | 'description' | 'tags' | 'parameters'>;

/** What the service has and Tsuru has not, in words; and the flags that set Tsuru back, where a command can. */
interface Difference {
  text: string;
  flags?: string;
}

/** Longer values do not fit a text that has to be read in a few lines. */
const LONGEST = 60;

/**
 * What Tsuru's user needs to know after a refused update, since Tsuru has stored the new values and sends them again with
 * every later update ("What Tsuru's users meet" in the contract): what still holds, and the command that sets it back.
 *
 * @param service the service's id in Tsuru
 * @param held the instance as it stays
 * @param plan the name of its plan, also when it was created without one
 * @param asked what was refused
 * @returns sentences; none when Tsuru has nothing else than the service
 */
export function setBack(service: string, held: Values, plan: string, asked: Values): string[] {
  const differences = [
    ...(asked.plan === held.plan ? [] : [difference('plan', plan, '-p', plan)]),
    ...parameterDifferences(held.parameters, asked.parameters),
    ...(asked.team === held.team ? [] : [difference('team', held.team, '-t', held.team)]),
    ...tagDifferences(held.tags, asked.tags),
    ...(asked.description === held.description
      ? []
      : [difference('description', held.description, '-d', held.description)]),
  ];
  if (differences.length === 0) return [];
  const flags = differences.flatMap((one) => one.flags ?? []).join(' ');
  return [
    `The instance keeps ${differences.map(({ text }) => text).join(', ')}.`,
    flags === ''
      ? 'Tsuru has stored the new values: set them back with another update.'
      : `Tsuru has stored the new values. Set them back: tsuru service instance update ${service} ${held.name} ${flags}`,
  ];
}

function difference(what: string, value: string, flag: string, argument: string): Difference {
  if (value.length > LONGEST) return { text: `its ${what}` };
  return { text: `the ${what} "${value}"`, flags: `${flag} ${quoted(argument)}` };
}

function parameterDifferences(held: Instance['parameters'], asked: Instance['parameters']): Difference[] {
  const keys = [...new Set([...Object.keys(held), ...Object.keys(asked)])];
  return keys.flatMap((key): Difference[] => {
    const [own, other] = [held[key], asked[key]];
    const name = key.slice(0, LONGEST);
    if (own === undefined) return [{ text: `no parameter "${name}"`, flags: `--remove-param ${quoted(name)}` }];
    if (isPlain(own)) {
      const isSame = isPlain(other) && String(other) === String(own);
      return isSame ? [] : [difference(`parameter ${name}`, String(own), '--add-param', `${key}=${String(own)}`)];
    }
    return other !== undefined && sameJson(own, other) ? [] : [{ text: `its parameter "${name}"` }];
  });
}

function tagDifferences(held: readonly string[], asked: readonly string[]): Difference[] {
  return [
    ...held.filter((tag) => !asked.includes(tag)).map((tag) => difference('tag', tag, '-g', tag)),
    ...asked
      .filter((tag) => !held.includes(tag) && tag.length <= LONGEST)
      .map((tag) => ({ text: `no tag "${tag}"`, flags: `--remove-tag ${quoted(tag)}` })),
  ];
}

function isPlain(value: JsonValue | undefined): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** A word of a command, for a shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
