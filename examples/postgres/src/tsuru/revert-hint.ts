import type { Instance } from './backend.js';
import type { InstanceSpec } from './instances.js';
import { sameJson, type JsonValue } from './values.js';

/** A value that the service keeps and Tsuru has replaced. */
interface Difference {
  text: string;
  /** Flags of the command that sets Tsuru back, if any. */
  flags?: string;
}

/** UTF-16 units; longer values would make the text unreadable. */
const MAX_VALUE = 60;

/**
 * Says how to revert a refused update in Tsuru, which has stored the new values and sends them with every later update.
 *
 * @param service the service's id in Tsuru
 * @param kept the unchanged instance
 * @param plan the name of its plan, even when it was created without one
 * @param refused the values that Tsuru has stored
 * @returns sentences: the values that the instance keeps, and the command that sets Tsuru back; none when nothing
 *   differs
 */
export function revertHint(service: string, kept: InstanceSpec, plan: string, refused: InstanceSpec): string[] {
  const differences = [
    ...(refused.plan === kept.plan ? [] : [difference('plan', plan, '-p', plan)]),
    ...parameterDifferences(kept.parameters, refused.parameters),
    ...(refused.team === kept.team ? [] : [difference('team', kept.team, '-t', kept.team)]),
    ...tagDifferences(kept.tags, refused.tags),
    ...(refused.description === kept.description
      ? []
      : [difference('description', kept.description, '-d', kept.description)]),
  ];
  if (differences.length === 0) return [];
  const flags = differences.flatMap((one) => one.flags ?? []).join(' ');
  return [
    `The instance keeps ${differences.map(({ text }) => text).join(', ')}.`,
    flags === ''
      ? 'Tsuru has stored the new values. Set them back with another update.'
      : `Tsuru has stored the new values. Set them back: tsuru service instance update ${service} ${kept.name} ${flags}`,
  ];
}

function difference(what: string, value: string, flag: string, argument: string): Difference {
  if (value.length > MAX_VALUE) return { text: `its ${what}` };
  return { text: `the ${what} "${value}"`, flags: `${flag} ${quoted(argument)}` };
}

function parameterDifferences(kept: Instance['parameters'], refused: Instance['parameters']): Difference[] {
  const keys = [...new Set([...Object.keys(kept), ...Object.keys(refused)])];
  return keys.flatMap((key): Difference[] => {
    const [own, other] = [kept[key], refused[key]];
    const name = key.slice(0, MAX_VALUE);
    if (own === undefined) return [{ text: `no parameter "${name}"`, flags: `--remove-param ${quoted(name)}` }];
    if (isPlain(own)) {
      const isSame = isPlain(other) && String(other) === String(own);
      return isSame ? [] : [difference(`parameter ${name}`, String(own), '--add-param', `${key}=${String(own)}`)];
    }
    return other !== undefined && sameJson(own, other) ? [] : [{ text: `its parameter "${name}"` }];
  });
}

function tagDifferences(kept: readonly string[], refused: readonly string[]): Difference[] {
  return [
    ...kept.filter((tag) => !refused.includes(tag)).map((tag) => difference('tag', tag, '-g', tag)),
    ...refused
      .filter((tag) => !kept.includes(tag) && tag.length <= MAX_VALUE)
      .map((tag) => ({ text: `no tag "${tag}"`, flags: `--remove-tag ${quoted(tag)}` })),
  ];
}

function isPlain(value: JsonValue | undefined): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** A word of a shell command. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
