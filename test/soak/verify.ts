import { setTimeout as pause } from 'node:timers/promises';

import type { Chance } from './chance.ts';
import type { Journal } from './journal.ts';
import { MARGIN, TIMEOUTS } from './limits.ts';
import type { Replied, Tsuru, Wanted } from './tsuru.ts';
import { variableOf, type World } from './world.ts';

/** All that a verification needs. */
export interface Scene {
  tsuru: Tsuru;
  world: World;
  journal: Journal;
  chance: Chance;
  /** Whether a create returns before the instance is ready. */
  isBackground: boolean;
}

export const NAMES = ['db0', 'db1', 'db2', 'db3', 'db4', 'db5', 'db6', 'db7'] as const;
export const TARGETS = ['app:web', 'app:api', 'job:nightly', 'job:web'] as const;

const TRIES = 8;

/** Waits until the service is idle: every call has its reply, and every backend call has ended. */
export async function settle({ tsuru, world, journal }: Scene): Promise<void> {
  while (!tsuru.isIdle) await pause(20);
  world.calmDown();
  const deadline = performance.now() + TIMEOUTS.background + MARGIN;
  // A call whose client left may still be queued, and begin when those before it have ended.
  for (let quiet = 0; quiet < TIMEOUTS.lock + 300; quiet += 20) {
    if (!world.isIdle) {
      quiet = 0;
      world.calmDown();
    }
    if (performance.now() > deadline) {
      journal.violation('left pending', '', 'the service keeps calling its backend');
      break;
    }
    await pause(20);
  }
  tsuru.closeOpen();
}

/** Compares, while nothing is running, the replies to Tsuru, the state of the service, and what exists. */
export async function verify(scene: Scene): Promise<void> {
  await Promise.all(NAMES.map((name) => verifyInstance(scene, name)));
}

async function verifyInstance(scene: Scene, name: string): Promise<void> {
  const { tsuru, world, journal } = scene;
  const history = tsuru.history(name);
  const from = performance.now();
  const created = history.exists(from, from);
  const expected = history.hasParameters(from, from);
  const gone = history.isGone(from, from);
  const state = await endOfPending(scene, name);
  const things = world.thingsOf(name);
  if (things.length > 1) journal.violation('doubled', name, `exists ${things.length} times: ${things.join(', ')}`);
  if (state === 'gone') {
    if (created) journal.violation('lost', name, 'is unknown to the service, although it was created');
    world.bury(name, world.idsOf(name), 'the instance is unknown to the service');
    return;
  }
  if (gone) journal.violation('came back', name, `is ${state}, although it was destroyed`);
  if (state === 'down') {
    if (created && !scene.isBackground) journal.violation('lost', name, 'is down, although its creation succeeded');
    const mayHaveFailed = history.operations.some(({ result }) => result === 'unclear');
    if (!mayHaveFailed && !world.wasTroubled(name, 0, from)) journal.violation('lost', name, 'is down, although nothing failed');
    return;
  }
  const view = world.view(name);
  if (view === undefined) {
    journal.violation('lost', name, 'is up, but its backend was not called');
    return;
  }
  const thing = world.thing(view.id);
  if (thing === undefined) {
    journal.violation('lost', name, `is up as ${view.id}, which does not exist`);
    return;
  }
  if (expected !== undefined) {
    for (const [place, parameters] of [
      ['what exists', thing.parameters],
      ['the service', view.parameters],
    ]) {
      if (parameters === expected.parameters) continue;
      journal.violation('lost', name, `${place} has ${parameters}, although ${expected.parameters} was accepted`);
    }
  }
  const settled = world.lastReturned(name, view.id, ['create', 'update']);
  if (settled !== undefined && JSON.stringify(settled) !== JSON.stringify(view.data)) {
    const [data, returned] = [JSON.stringify(view.data), JSON.stringify(settled)];
    journal.violation('lost', name, `the service has the data ${data}, and its backend returned ${returned}`);
  }
  for (const target of TARGETS) await verifyBind(scene, name, view.id, target);
}

async function verifyBind(scene: Scene, name: string, id: string, target: string): Promise<void> {
  const { tsuru, world, journal } = scene;
  const now = performance.now();
  const history = tsuru.history(name);
  const users = world.usersOfName(name, target);
  if (history.isUnbound(target, now, now) && users.length > 0) {
    journal.violation('leaked', name, `${target} still has its user, although it was unbound`);
  }
  const bound = history.isBound(target, now, now);
  const settled = world.lastReturned(name, id, ['bind', 'unbind'], target);
  const variables = bound?.variables ?? (isVariables(settled, name) ? JSON.stringify(settled) : undefined);
  if (variables === undefined) return;
  const secret = (JSON.parse(variables) as Record<string, string>)[variableOf(name, 'SECRET')];
  if (!users.some((user) => user.instance === id && user.secret === secret)) {
    journal.violation('lost', name, `${target} was bound, but has no user with its password`);
  }
  const again = await call(scene, { name, action: 'bind', target });
  if (again?.text !== variables) {
    const got = `${again?.status ?? 'nothing'} ${again?.text ?? ''}`;
    journal.violation('bind changed', name, `${target} was bound to ${variables}, and a repeated bind got ${got}`);
  }
}

function isVariables(returned: unknown, instance: string): boolean {
  return typeof returned === 'object' && returned !== null && variableOf(instance, 'SECRET') in returned;
}

/** Waits until an instance is no longer pending; removes it again if its removal was interrupted, as a user would. */
async function endOfPending(scene: Scene, name: string): Promise<'up' | 'down' | 'gone'> {
  const deadline = performance.now() + TIMEOUTS.background + MARGIN;
  for (;;) {
    const reply = await call(scene, { name, action: 'status' });
    if (reply?.status === 204) return 'up';
    if (reply?.status === 404) return 'gone';
    if (reply?.status === 500) return 'down';
    const info = await call(scene, { name, action: 'info' });
    if (/"removing/.test(info?.text ?? '') && (await remove(scene, name))) return 'gone';
    if (performance.now() > deadline) {
      scene.journal.violation('left pending', name, `is pending forever: ${info?.text ?? 'no info'}`);
      return 'down';
    }
    await pause(50);
  }
}

/** Removes everything, and verifies that nothing is left. */
export async function removeAll(scene: Scene): Promise<void> {
  const { tsuru, world, journal } = scene;
  await Promise.all(
    NAMES.map(async (name) => {
      if (!(await remove(scene, name))) return;
      world.bury(name, world.idsOf(name), 'it was removed at the end');
      const after = await call(scene, { name, action: 'status' });
      if (after?.status !== 404) journal.violation('came back', name, `is ${String(after?.status)} after its removal`);
    }),
  );
  tsuru.forget();
}

async function remove(scene: Scene, name: string): Promise<boolean> {
  let last: Replied | undefined;
  for (let tries = 0; tries < TRIES; tries++) {
    last = await call(scene, { name, action: 'destroy' });
    if (last?.status === 200 || last?.status === 404) return true;
    await pause(200);
  }
  scene.journal.violation('not removable', name, `cannot be removed: ${last?.status ?? 'nothing'} ${last?.text ?? ''}`);
  return false;
}

function call({ tsuru, chance }: Scene, wanted: Wanted): Promise<Replied | undefined> {
  return tsuru.call(wanted, chance);
}
