import { setTimeout as pause } from 'node:timers/promises';

import type { Chance } from '../soak/chance.ts';
import type { Fleet } from './fleet.ts';

/** What happens to replicas and their store, and how often. A process is frozen for less than its locks live. */
const WEATHER = { kill: 10, killAll: 2, replace: 3, freeze: 3, disconnect: 5, restartDatabase: 1 };

export type Weather = Record<keyof typeof WEATHER, number>;

/** Lets one thing after another happen, until the time is over. @returns how often each has happened */
export async function rage(fleet: Fleet, chance: Chance, isOver: () => boolean): Promise<Weather> {
  const counts: Weather = { kill: 0, killAll: 0, replace: 0, freeze: 0, disconnect: 0, restartDatabase: 0 };
  while (!isOver()) {
    await pause(chance.between(200, 1200));
    const what = chance.weighted(WEATHER);
    const index = Math.floor(chance.between(0, fleet.size));
    const duration = chance.between(100, 3000);
    const happenings: Record<keyof Weather, () => Promise<unknown>> = {
      kill: () => fleet.kill(index),
      killAll: () => fleet.killAll(),
      replace: () => fleet.replace(index),
      freeze: () => fleet.freeze(index, () => pause(duration)),
      disconnect: () => fleet.disconnect(index),
      restartDatabase: () => fleet.restartDatabase(),
    };
    await happenings[what]();
    await fleet.start();
    counts[what]++;
  }
  return counts;
}
