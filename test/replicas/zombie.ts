import { setTimeout as pause } from 'node:timers/promises';

import type { Call } from './fleet.ts';
import { Proxy } from './proxy.ts';
import type { Database, Project } from './project.ts';
import { becomes, inWorld, type World } from './world.ts';

/** How a replica is taken for dead while it works on an instance. `act` is what another one does meanwhile. */
type Death = (world: World, index: number, act: () => Promise<void>) => Promise<void>;

const fields = { 'app-name': 'app', user: 'u', team: 't', plan: 'small' };

/** What the replica is working on, and what must have been before. */
const STEPS: Record<string, { before: ((path: string) => Call)[]; call: (path: string) => Call; method: string }> = {
  create: { before: [], call: create, method: 'create' },
  update: { before: [create], call: (path) => ({ method: 'PUT', path, fields }), method: 'update' },
  bind: { before: [create], call: bind, method: 'bind' },
  unbind: { before: [create, bind], call: (path) => ({ method: 'DELETE', path: `${path}/bind-app`, fields }), method: 'unbind' },
  remove: { before: [create], call: remove, method: 'destroy' },
};

function create(path: string): Call {
  return { method: 'POST', path: '/resources', fields: { ...fields, name: path.split('/').at(-1) ?? '' } };
}

function bind(path: string): Call {
  return { method: 'POST', path: `${path}/bind-app`, fields };
}

function remove(path: string): Call {
  return { method: 'DELETE', path, fields };
}

export interface ZombieOptions {
  project: Project;
  database: Database;
  name: string;
  /** Whether the locks of a frozen process, and of one that is cut off, are to end by themselves, after half a minute. */
  isPatient: boolean;
}

/**
 * Freezes a replica in the middle of each kind of call until its locks are lost, removes the instance through another one,
 * and lets the first one go on: it may write nothing to the store, and acknowledge nothing. What its backend does after that is
 * not prevented; a backend's steps can be repeated, and its names contain the instance's id.
 */
export async function zombies({ project, database, name, isPatient }: ZombieOptions): Promise<string[]> {
  const freeze: Death = ({ fleet }, index, act) => {
    return fleet.freeze(index, async () => {
      if (!isPatient) await fleet.disconnect(index);
      await act();
    });
  };
  const frozen = await inWorld({ project, database, name: `${name} frozen`, replicas: 2 }, (world) => all(world, 'frozen', freeze));
  return isPatient ? [...frozen, ...(await cutOff(project, database, name))] : frozen;
}

/** The same, with replicas whose network loses everything. */
async function cutOff(project: Project, database: Database, name: string): Promise<string[]> {
  const proxies = [await Proxy.to(database.url), await Proxy.to(database.url)];
  const storeUrl = (index: number, url: string) => proxies[index]?.url(url) ?? url;
  try {
    return await inWorld({ project, database, name: `${name} cut off`, replicas: 2, storeUrl }, (world) => {
      return all(world, 'cut off', async (_, index, act) => {
        const proxy = proxies[index] as Proxy;
        proxy.isCut = true;
        await act().finally(() => { proxy.repair(); });
      });
    });
  } finally {
    for (const proxy of proxies) await proxy.close();
  }
}

async function all(world: World, how: string, death: Death): Promise<string[]> {
  const found: string[] = [];
  for (const step of Object.keys(STEPS)) found.push(...(await one(world, step, how, death)));
  return found;
}

async function one(world: World, step: string, how: string, death: Death): Promise<string[]> {
  const { fleet, journal, database, url } = world;
  const { before, call, method } = STEPS[step] as (typeof STEPS)[string];
  const name = `${step}-${how.replace(' ', '-')}`;
  const path = `/resources/${name}`;
  const found: string[] = [];
  for (const earlier of before) {
    if (!(await becomes(async () => ((await fleet.call(1, earlier(path)))?.status ?? 500) < 300))) found.push(`${name}: not prepared`);
    await becomes(async () => (await fleet.call(1, { method: 'GET', path: `${path}/status` }))?.status === 204);
  }
  const goOn = journal.holdBack(name);
  const began = () => journal.notes().find((note) => note.name === name && note.what === 'begin' && note.method === method);
  const reply = fleet.call(0, call(path));
  if (!(await becomes(() => began() !== undefined))) return [`${name}: the call does not begin`];
  const index = fleet.indexOf(began()?.pid ?? 0);
  const lost = journal.losing(began()?.pid ?? 0);
  await death(world, index, async () => {
    await pause(100);
    goOn();
    const removed = await becomes(async () => [200, 404].includes((await fleet.call(1 - index, remove(path)))?.status ?? 0));
    if (!removed) found.push(`${name}: it cannot be removed while the replica that works on it is ${how}`);
  });
  const status = (await reply)?.status ?? 0;
  lost();
  const isFalse = ['update', 'bind'].includes(step) || (step === 'create' && world.project.provisioning === 'inline');
  if (isFalse && status < 300) found.push(`${name}: it was acknowledged with ${status} after the removal`);
  await becomes(() => journal.notes().some(({ call: id, what }) => id === began()?.call && what === 'end'));
  await pause(500);
  const rows = await database.query('select state from instances where name = $1', [name], url);
  if (rows.length > 0) found.push(`${name}: the replica that was ${how} has written it again: ${JSON.stringify(rows)}`);
  return found;
}
