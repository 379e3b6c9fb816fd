import { createHash } from 'node:crypto';

import type { Answers } from '../answers.ts';
import { toTree, type Tree, type TreeFile } from './tree.ts';

/** The folder of a generated project that remembers what was applied last. Its owner commits it. */
export const STATE = '.tsuru-service';

/** The record: the answers, as its owner may edit them. It is what a render follows, not something that one replaces. */
export const RECORD = 'tsuru-service.yaml';

/** `.tsuru-service/lock.json`: what was applied last. */
export interface Lock {
  version: 1;
  /** The version of this package that wrote it. */
  generator: string;
  answers: Answers;
  /** By path: whose the file is, and the SHA-256 of its base, in hexadecimal. */
  files: Record<string, { class: TreeFile['fileClass']; base: string }>;
}

/**
 * The lock and the bases of a render, as files of the project: a later render is merged against those bytes. Files
 * that are written once have no base, and those with a secret are never given to this.
 */
export function lockFiles(answers: Answers, generator: string, rendered: Tree): Tree {
  const files = [...rendered].filter(([path]) => path !== RECORD);
  const based = files.filter(([, { fileClass }]) => fileClass !== 'seeded');
  const lock: Lock = {
    version: 1,
    generator,
    answers,
    files: Object.fromEntries(
      files.map(([path, { fileClass, content }]) => [path, { class: fileClass, base: sha256(content) }]),
    ),
  };
  return toTree([
    [`${STATE}/lock.json`, generated(Buffer.from(`${JSON.stringify(lock, undefined, 2)}\n`))],
    ...based.map(([, { content }]) => [`${STATE}/base/${sha256(content)}`, generated(content)] as const),
  ]);
}

function generated(content: Buffer): TreeFile {
  return { content, fileClass: 'generated', mode: 0o644 };
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
