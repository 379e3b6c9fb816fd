import type { Operation } from './apply.ts';
import type { Change, Origin } from './plan.ts';

/** What a planned change does on the disk. */
export function operationsOf({ path, before, after, from }: Change): Operation[] {
  const there = from === undefined ? before?.content : undefined;
  return [{ path, before: there, after, mode: before?.mode ?? 0o644 }, ...leavingOperations(from)];
}

/** What becomes of the old place of a file that moves. */
export function leavingOperations(from: Origin | undefined): Operation[] {
  if (from === undefined || from.left === from.file.content) return [];
  const { path, file, left } = from;
  return [{ path, before: file.content, after: left, mode: file.mode }];
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
