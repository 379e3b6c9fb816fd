import * as fs from 'node:fs';

import { afterAll, describe, expect, it } from 'vitest';

import { applyOperations, recover, type Operation } from '../../src/engine/apply.ts';
import { stoppingAt } from '../support/stopping.ts';
import { FAST_DISK, contents, regenerateIn, seen, Workshop } from '../support/project.ts';

const workshop = new Workshop(FAST_DISK);
afterAll(() => {
  workshop.close();
});

/** What turns one directory into another. */
function operationsBetween(from: string, to: string): Operation[] {
  const [before, after] = [seen(from), seen(to)];
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((path): Operation[] => {
    const [old, fresh] = [before.get(path), after.get(path)];
    if (old?.content === fresh?.content) return [];
    const bytes = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text, 'latin1'));
    return [{ path, before: bytes(old?.content), after: bytes(fresh?.content), mode: old?.mode ?? 0o644 }];
  });
}

describe.each(['error', 'kill'] as const)('a regeneration that meets its end by %s', (how) => {
  it('leaves all that was or all that is new, at every step that it makes', { timeout: 600_000 }, async () => {
    const old = await workshop.project();
    const wanted = workshop.copyOf(old);
    await regenerateIn(wanted, (answers) => ({
      ...answers,
      framework: 'hono',
      endpoints: [{ name: 'x', method: 'GET', path: '/x', action: 'x', description: 'x' }],
    }));
    const operations = operationsBetween(old, wanted);
    const kinds = operations.map(({ before, after }) =>
      before === undefined ? 'create' : after === undefined ? 'delete' : 'replace',
    );
    expect(new Set(kinds)).toEqual(new Set(['create', 'delete', 'replace']));

    const counted = workshop.copyOf(old);
    const counting = stoppingAt(Infinity, how);
    applyOperations(counting, counted, operations);
    expect(contents(counted)).toEqual(contents(wanted));
    expect(counting.calls).toBeGreaterThan(100);

    const project = workshop.copyOf(old);
    for (let call = 1; call <= counting.calls; call++) {
      let isThrown = false;
      try {
        applyOperations(stoppingAt(call, how), project, operations);
      } catch {
        isThrown = true;
      }
      recover(fs, project);
      const now = contents(project);
      const isNew = JSON.stringify(now) === JSON.stringify(contents(wanted));
      const isOld = !isNew && JSON.stringify(now) === JSON.stringify(contents(old));
      expect({ call, isWhole: isOld || isNew, isThrown }).toEqual({ call, isWhole: true, isThrown: true });
      if (isNew) applyOperations(fs, project, operationsBetween(wanted, old));
    }
  });
});
