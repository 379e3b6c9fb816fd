import type { Operation } from './apply.ts';
import type { Change } from './plan.ts';

/** What a planned change does on the disk. */
export function operationsOf({ path, before, after }: Change): Operation[] {
  return [{ path, before: before?.content, after, mode: before?.mode ?? 0o644 }];
}

/** Whether a change replaces something that the base does not have. */
export function isEdited({ kind, before, of }: Change): boolean {
  return before !== undefined && ((kind !== 'update' && kind !== 'delete') || of !== undefined);
}

/** Operations that copy what others replace to a folder. */
export function backupOperations(folder: string, operations: readonly Operation[]): Operation[] {
  return operations.flatMap(({ path, before, mode }) =>
    before === undefined ? [] : [{ path: `${folder}/${path}`, before: undefined, after: before, mode }],
  );
}
