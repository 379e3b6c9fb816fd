import type { Answers } from '../answers/answers.ts';
import type { Templates } from '../render/plop.ts';
import type { Tree } from '../render/tree.ts';
import type { Operation } from './apply.ts';
import { oldBases } from './base.ts';
import { sha256 } from './hash.ts';
import { saysTheSame } from './line-ends.ts';
import { isOwners, lockFiles } from './lock.ts';
import { readDisk, rootOf, type Project } from './open.ts';
import { ATTRIBUTES } from './paths.ts';
import type { Plan } from './plan.ts';

/**
 * The hashes of merged files whose edits were all committed before, by path.
 * @param isCommitted whether this run refuses uncommitted edits
 */
export function writtenMerges(
  { lock }: Project,
  rendered: Tree,
  { changes }: Plan,
  isCommitted: boolean,
): Map<string, string> {
  const written = new Map<string, string>();
  for (const path of rendered.keys()) {
    const last = Object.hasOwn(lock.files, path) ? lock.files[path]?.written : undefined;
    if (last !== undefined) written.set(path, last);
  }
  for (const { path, kind, after } of changes) {
    if (kind === 'merge' && after !== undefined && isCommitted) written.set(path, sha256(after));
    else written.delete(path);
  }
  return written;
}

/** The operations that write the lock and the bases, and delete the bases of an earlier version. */
export function stateOperations(
  project: Project,
  answers: Answers,
  { version }: Templates,
  rendered: Tree,
  written: ReadonlyMap<string, string>,
): Operation[] {
  const wanted = lockFiles(answers, version, rendered, written);
  const stale = oldBases(rootOf(project.directory));
  const there = readDisk(project.directory, [...wanted.keys(), ...stale]);
  // Without .gitattributes, version control may convert line endings, so the bytes must match.
  const isSame = there.has(ATTRIBUTES) ? saysTheSame : (one: Buffer, other: Buffer) => one.equals(other);
  const fresh = [...wanted].flatMap(([path, { content }]): Operation[] => {
    const before = there.get(path)?.content;
    const isKept = before !== undefined && (isOwners(path, before) || isSame(before, content));
    return isKept ? [] : [{ path, before, after: content, mode: 0o644 }];
  });
  return [
    ...fresh,
    ...stale.map((path) => ({ path, before: there.get(path)?.content, after: undefined, mode: 0o644 })),
  ];
}
