import type { Operation } from './apply.ts';
import type { Change, Origin } from './plan.ts';

/** The operations of a planned change. */
export function operationsOf({ path, before, after, from }: Change): Operation[] {
  const there = from === undefined ? before?.content : undefined;
  return [{ path, before: there, after, mode: before?.mode ?? 0o644 }, ...leavingOperations(from)];
}

/** The operations at the old path of a file that moves. */
export function leavingOperations(from: Origin | undefined): Operation[] {
  if (from === undefined || from.left === from.file.content) return [];
  const { path, file, left } = from;
  return [{ path, before: file.content, after: left, mode: file.mode }];
}

/** Whether a change replaces content that is not in the base, and so needs a backup. */
export function isEdited({ kind, before, of }: Change): boolean {
  return before !== undefined && ((kind !== 'update' && kind !== 'delete') || of !== undefined);
}

/** Operations that copy to a folder the files that other operations replace. */
export function backupOperations(folder: string, operations: readonly Operation[]): Operation[] {
  return operations.flatMap(({ path, before, mode }) =>
    before === undefined ? [] : [{ path: `${folder}/${path}`, before: undefined, after: before, mode }],
  );
}
