import type { Chance } from './chance.ts';
import type { Action } from './history.ts';

/** How often the calls of the backend go wrong in a stretch of a run. */
export interface Weather {
  /** The share of calls that fail. */
  failures: number;
  /** The share of slow calls. */
  slowness: number;
  /** The share of calls that ignore a request to stop. */
  deafness: number;
}

export const CALM: Weather = { failures: 0, slowness: 0, deafness: 0 };

/** The outcome of a backend call, for the service. */
export type Ending =
  | { ends: 'return'; value: unknown }
  | { ends: 'throw'; as: 'error' | 'text'; text: string }
  | { ends: 'throw'; as: 'service error'; status: number; text: string };

/** The course of a backend call. Times in milliseconds. */
export interface Script {
  told: string;
  before: number;
  after: number;
  isDeaf: boolean;
  ending: { told: string; isGood: true; hasEffect: true } | { told: string; isGood: false; hasEffect: boolean; outcome: Ending };
}

const REFUSALS: readonly Action[] = ['create', 'update', 'bind'];

export function scriptOf(action: Action, weather: Weather, chance: Chance): Script {
  const before = delay(weather, chance);
  const after = delay(weather, chance);
  const isDeaf = chance.happens(weather.deafness);
  const ending: Script['ending'] = chance.happens(weather.failures)
    ? failureOf(action, chance)
    : { told: 'returns', isGood: true, hasEffect: true };
  const told = `${Math.round(before)} ms, ${ending.hasEffect ? 'effect' : 'no effect'}, ${Math.round(after)} ms, ${ending.told}${isDeaf ? ', deaf' : ''}`;
  return { told, before, after, isDeaf, ending };
}

function delay({ slowness }: Weather, chance: Chance): number {
  if (!chance.happens(slowness)) return chance.happens(0.7) ? chance.between(0, 5) : chance.between(5, 60);
  const [least, most] = chance.of([[60, 600], [60, 600], [600, 3000], [600, 3000], [3000, 60_000]]);
  return chance.between(least, most);
}

function failureOf(action: Action, chance: Chance): Script['ending'] {
  const kind = chance.weighted({
    early: 4,
    late: 4,
    empty: 2,
    text: 1,
    unavailable: 2,
    'refused without a text': REFUSALS.includes(action) ? 1 : 0,
    refused: REFUSALS.includes(action) ? 4 : 0,
    poison: action === 'create' || action === 'update' || action === 'bind' ? 1 : 0,
  });
  const fails = (outcome: Ending, hasEffect: boolean) => ({ told: kind, isGood: false, hasEffect, outcome }) as const;
  switch (kind) {
    case 'early':
      return fails({ ends: 'throw', as: 'error', text: 'connect ECONNREFUSED 192.0.2.1:5432' }, false);
    case 'late':
      return fails({ ends: 'throw', as: 'error', text: 'socket hang up' }, true);
    case 'empty':
      return fails({ ends: 'throw', as: 'error', text: '' }, chance.happens(0.5));
    case 'text':
      return fails({ ends: 'throw', as: 'text', text: 'not an error object' }, chance.happens(0.5));
    case 'unavailable':
      return fails({ ends: 'throw', as: 'service error', status: 503, text: 'Try again later.' }, chance.happens(0.5));
    case 'refused':
      return fails({ ends: 'throw', as: 'service error', status: 422, text: 'Not today.' }, false);
    case 'refused without a text':
      return fails({ ends: 'throw', as: 'service error', status: 400, text: '' }, false);
    case 'poison':
      return fails({ ends: 'return', value: action === 'bind' ? { PORT: 5432 } : nested(200) }, true);
  }
}

/** A value that can be stored but not read back. */
function nested(depth: number): unknown {
  let value: unknown = {};
  for (let level = 0; level < depth; level++) value = { value };
  return value;
}
