import type { Trait } from './trait.ts';
import { BINDS } from './traits/binds.ts';
import { LIFE_CYCLE } from './traits/life-cycle.ts';
import { NAMES } from './traits/names.ts';
import { PACE } from './traits/pace.ts';
import { PATHS } from './traits/paths.ts';
import { STATUS } from './traits/status.ts';
import { STRANGERS } from './traits/strangers.ts';
import { UNSERVED } from './traits/unserved.ts';
import { WIRE } from './traits/wire.ts';

/** Services that are right, or wrong in one rule, each in another way than the reference. */
export const TRAITS: readonly Trait[] = [
  ...BINDS,
  ...NAMES,
  ...LIFE_CYCLE,
  ...STATUS,
  ...UNSERVED,
  ...PATHS,
  ...WIRE,
  ...PACE,
  ...STRANGERS,
];

/** Some of the traits, after the names that their tests have. */
export function named(isWanted: (trait: Trait) => boolean): (readonly [name: string, trait: Trait])[] {
  return TRAITS.filter(isWanted).map((trait) => [trait.name, trait]);
}
