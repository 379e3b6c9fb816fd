import type { Instance } from './backend.js';
import type { JsonValue } from './values.js';

type Values = Pick<Instance, 'name' | 'team' | 'plan' | 'description' | 'parameters'>;

/** Longer ones are left out of a command that has to be read in one line. */
const LONGEST = 100;

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
    ...(asked.description === held.description
      ? []
      : [difference('description', held.description, '-d', held.description)]),
    ...(asked.team === held.team ? [] : [difference('team', held.team, '-t', held.team)]),
  ].filter(({ flags }) => flags.length <= LONGEST + 20);
  if (differences.length === 0) return [];
  const what = differences.map(({ text }) => text).join(', ');
  const flags = differences.map((one) => one.flags).join(' ');
  return [
    `The instance keeps ${what}.`,
    `Tsuru has stored the new values. Set them back: tsuru service instance update ${service} ${held.name} ${flags}`,
  ];
}

function difference(what: string, value: string, flag: string, argument: string) {
  return { text: `the ${what} "${value}"`, flags: `${flag} ${quoted(argument)}` };
}

function parameterDifferences(held: Instance['parameters'], asked: Instance['parameters']) {
  const keys = [...new Set([...Object.keys(held), ...Object.keys(asked)])];
  return keys.flatMap((key) => {
    const [own, other] = [held[key], asked[key]];
    if (own === undefined) return [{ text: `no parameter "${key}"`, flags: `--remove-param ${quoted(key)}` }];
    if (!isPlain(own) || (isPlain(other) && String(other) === String(own))) return [];
    return [difference(`parameter ${key}`, String(own), '--add-param', `${key}=${String(own)}`)];
  });
}

function isPlain(value: JsonValue | undefined): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** A word of a command, for a shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
