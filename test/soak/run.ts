import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { Chance } from './chance.ts';
import { Journal, type Violation } from './journal.ts';
import { ServiceProcess } from './process.ts';
import { Tsuru, type Wanted } from './tsuru.ts';
import { NAMES, removeAll, settle, TARGETS, verify, type Scene } from './verify.ts';
import type { Weather } from './weather.ts';
import { World } from './world.ts';

export interface Soak {
  project: string;
  seed: string;
  /** No new stretch begins after this many seconds. */
  seconds: number;
  scratch: string;
}

export interface Outcome {
  counts: ReadonlyMap<string, number>;
  violations: Violation[];
}

/** The conditions of one stretch of a run. */
interface Stretch {
  seconds: number;
  callers: number;
  weather: Weather;
  isBackground: boolean;
  /** The average number of milliseconds between two deaths of the process. */
  deaths: number;
}

const ACTIONS = { create: 22, update: 12, destroy: 8, bind: 24, unbind: 12, status: 14, info: 8 };
/** Names that only one caller at a time uses, so that their state is nearly always certain. */
const QUIET = NAMES.slice(4);

/**
 * Calls a service at random while its backend fails and its process dies, and repeatedly compares its replies with what exists.
 * Ends with the first stretch that breaks a promise.
 */
export async function soak({ project, seed, seconds, scratch }: Soak): Promise<Outcome> {
  const journal = new Journal();
  const world = await World.open(journal, seed);
  const chance = new Chance(seed);
  const service = new ServiceProcess(project, world, journal);
  const tsuru = new Tsuru(world, service, journal);
  const stores = mkdtempSync(join(scratch, 'stores-'));
  const over = performance.now() + seconds * 1000;
  const isOver = () => performance.now() > over;
  let isBackground = chance.happens(0.5);
  let store = 0;
  const start = () => service.start(join(stores, `${store++}.db`), isBackground ? 'background' : 'inline');
  try {
    await start();
    for (let number = 0; !isOver() && journal.violations.length === 0; number++) {
      const stretch = stretchOf(chance, isBackground);
      journal.note('', `stretch ${number}: ${told(stretch)}`);
      journal.count('stretches');
      const scene = { tsuru, world, journal, chance, isBackground };
      world.weather = stretch.weather;
      await storm(scene, service, stretch, `${seed} ${number}`);
      await settle(scene);
      await verify(scene);
      if (chance.happens(0.5) || isOver()) {
        await removeAll(scene);
        if (chance.happens(0.5)) {
          await service.end('stop', chance);
          isBackground = !isBackground;
          await start();
        }
      }
    }
    await service.end('stop', chance);
  } finally {
    await service.kill();
    world.close();
    rmSync(stores, { recursive: true, force: true });
  }
  return journal;
}

function stretchOf(chance: Chance, isBackground: boolean): Stretch {
  return {
    seconds: chance.between(2, 6),
    callers: chance.of([3, 8, 32, 32]),
    weather: {
      failures: chance.of([0, 0.1, 0.3]),
      slowness: chance.of([0.02, 0.1, 0.2]),
      deafness: chance.of([0, 0.3, 0.6]),
    },
    isBackground,
    deaths: chance.of([Infinity, 1500, 4000]),
  };
}

function told({ seconds, callers, weather, isBackground, deaths }: Stretch): string {
  const { failures, slowness, deafness } = weather;
  return `${seconds.toFixed(1)} s, ${callers} callers, ${isBackground ? 'background' : 'inline'}, failures ${failures}, slowness ${slowness}, deafness ${deafness}, a death each ${deaths} ms`;
}

/** Lets all callers call, and the process die now and then, until the time is over. */
async function storm(scene: Scene, service: ServiceProcess, stretch: Stretch, seed: string): Promise<void> {
  const over = performance.now() + stretch.seconds * 1000;
  const isOver = () => performance.now() > over;
  const taken = new Set<string>();
  const callers = Array.from({ length: stretch.callers }, (_, index) =>
    callAtRandom(scene.tsuru, new Chance(`${seed} caller ${index}`), taken, isOver),
  );
  await Promise.all([...callers, dieAtRandom(service, new Chance(`${seed} deaths`), stretch.deaths, isOver)]);
}

async function callAtRandom(tsuru: Tsuru, chance: Chance, taken: Set<string>, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const name = chance.of(NAMES);
    if (QUIET.includes(name) && taken.has(name)) continue;
    taken.add(name);
    for (let calls = 0; calls < 6 && !isOver(); calls++) {
      const wanted = wantedOf(name, chance);
      const hangUp = chance.happens(0.01) ? chance.between(0, 300) : undefined;
      const reply = await tsuru.call(wanted, chance, hangUp);
      // A user whose call failed often tries again.
      if (reply?.result === 'unclear' && chance.happens(0.6) && !isOver()) await tsuru.call(wanted, chance);
      await pause(reply === undefined ? 20 : chance.between(0, 20));
    }
    taken.delete(name);
  }
}

let versions = 0;

function wantedOf(name: string, chance: Chance): Wanted {
  const action = chance.weighted(ACTIONS);
  switch (action) {
    case 'create':
      return { name, action, parameters: chance.happens(0.9) ? {} : { v: 'other' } };
    case 'update':
      return { name, action, parameters: chance.happens(0.3) ? {} : { v: String(++versions) } };
    case 'bind':
    case 'unbind':
      return { name, action, target: chance.of(TARGETS) };
    default:
      return { name, action };
  }
}

async function dieAtRandom(
  service: ServiceProcess,
  chance: Chance,
  every: number,
  isOver: () => boolean,
): Promise<void> {
  if (every === Infinity) return;
  while (!isOver()) {
    const until = performance.now() + chance.between(0.3, 1.7) * every;
    while (performance.now() < until && !isOver()) await pause(20);
    // Often dies once more when the time is over: no later call repairs what that interrupts.
    if (isOver() && chance.happens(0.3)) return;
    const how = chance.weighted({ kill: 5, stop: 3, intrude: 1 });
    if (how === 'intrude') await service.intrude();
    else await service.restart(how, chance);
  }
}
