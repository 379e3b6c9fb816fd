import { setTimeout as pause } from 'node:timers/promises';

import type { Call } from './fleet.ts';
import { Proxy } from './proxy.ts';
import type { Database, Project } from './project.ts';
import { becomes, inWorld, type World, type WorldOptions } from './world.ts';

/** How the first replica is taken for dead while it works. `act` is what the other one does meanwhile. */
type Death = (world: World, act: () => Promise<void>) => Promise<void>;

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
 * Freezes a replica in the middle of each kind of call until its locks are lost, removes the instances through another one,
 * and lets the first one go on: it may write nothing to the store, and acknowledge nothing. What its backend does after that is
 * not prevented; a backend's steps can be repeated, and its names contain the instance's id.
 */
export async function zombies({ project, database, name, isPatient }: ZombieOptions): Promise<string[]> {
  const freeze: Death = ({ fleet }, act) => {
    return fleet.freeze(0, async () => {
      if (!isPatient) await fleet.disconnect(0);
      await act();
    });
  };
  const options = { project, database, replicas: 2 };
  const frozen = await inWorld({ ...options, name: `${name} frozen` }, (world) => takenForDead(world, freeze));
  if (!isPatient || frozen.length > 0) return frozen;
  return cutOff({ ...options, name: `${name} cut off` });
}

/** The same, with a replica whose network loses everything. */
async function cutOff(options: WorldOptions): Promise<string[]> {
  const proxy = await Proxy.to(options.database.url);
  const storeUrl = (index: number, url: string) => (index === 0 ? proxy.url(url) : url);
  try {
    return await inWorld({ ...options, storeUrl }, (world) => {
      return takenForDead(world, async (_, act) => {
        proxy.isCut = true;
        await act().finally(() => {
          proxy.repair();
        });
      });
    });
  } finally {
    await proxy.close();
  }
}

async function takenForDead(world: World, death: Death): Promise<string[]> {
  const { fleet, journal, database, url, project } = world;
  const steps = Object.entries(STEPS).map(([name, step]) => ({ ...step, name, path: `/resources/of-${name}` }));
  for (const { before, path } of steps) {
    const status = { method: 'GET', path: `${path}/status` };
    for (const call of before) {
      await fleet.call(0, call(path));
      const isReady = await becomes(async () => (await fleet.call(0, status))?.status === 204);
      if (!isReady) return [`${path} is not ready`];
    }
  }
  // Alone, the first one also takes the creation from the queue.
  await fleet.kill(1);
  const letGo = steps.map(({ name }) => journal.holdBack(`of-${name}`));
  const replies = Promise.all(
    steps.map(async ({ name, call, path }) => ({ name, status: (await fleet.call(0, call(path)))?.status ?? 0 })),
  );
  // Awaited at the end; until then a broken connection is no reason to stop.
  replies.catch(() => {});
  const begins = () => {
    const notes = journal.notes().filter(({ what }) => what === 'begin');
    return steps.map((step) => notes.findLast(({ name, method }) => name === `of-${step.name}` && method === step.method));
  };
  if (!(await becomes(() => begins().every((note) => note !== undefined)))) return ['not every call has begun'];
  await fleet.start();

  const found: string[] = [];
  const lost = journal.losing(begins()[0]?.pid ?? 0);
  const working = begins().map((note) => note?.call);
  await death(world, async () => {
    // What was on its way when it was frozen or cut off has arrived.
    await pause(100);
    for (const go of letGo) go();
    await Promise.all(
      steps.map(async ({ path }) => {
        const isGone = async () => [200, 404].includes((await fleet.call(1, remove(path)))?.status ?? 0);
        if (!(await becomes(isGone))) found.push(`${path}: it cannot be removed while the replica that works on it is away`);
      }),
    );
  });
  const isAcknowledgedLate = (name: string) => name !== 'create' || project.provisioning === 'inline';
  for (const { name, status } of await replies) {
    if (status < 300 && ['create', 'update', 'bind'].includes(name) && isAcknowledgedLate(name)) {
      found.push(`of-${name}: ${status} acknowledges what was removed before`);
    }
  }
  lost();
  const haveEnded = () => working.every((id) => journal.notes().some(({ call, what }) => call === id && what === 'end'));
  if (!(await becomes(haveEnded))) found.push('not every call has ended');
  await pause(500);
  const rows = await database.query('select name, state from instances', [], url);
  if (rows.length > 0) found.push(`the replica that was away has written what was removed: ${JSON.stringify(rows)}`);
  return found;
}
