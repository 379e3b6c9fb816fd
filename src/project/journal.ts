import { createHmac, timingSafeEqual } from 'node:crypto';

import { EXIT, ExpectedError, messageOf } from '../errors.ts';
import { JOURNAL, ownPathProblem, STAGE, STATE } from './paths.ts';
import { keysOf, type Disk } from './proof.ts';
import type { Root } from './root.ts';

/** One file that is to be written, replaced or deleted. */
export interface JournalStep {
  path: string;
  /** SHA-256 of what is there, in hexadecimal; null for nothing. */
  before: string | null;
  /** The same of what is to be there. */
  after: string | null;
}

/**
 * What a run is about to do, or to take back. The new files are complete in `stage/new`, by the numbers of their steps; what is
 * replaced is moved to `stage/old`. From the moment the journal is there, its steps are carried out, or taken back.
 */
export interface Journal {
  direction: 'forward' | 'back';
  steps: readonly JournalStep[];
  /** Directories that the steps make: each after those inside it. */
  directories: readonly string[];
}

/** `.tsuru-service/journal.json` */
interface SignedJournal {
  version: 2;
  /** HMAC-SHA-256 of `journal` with the key of its run, in hexadecimal. */
  signature: string;
  /** As JSON. */
  journal: string;
}

/** Written under another name first: a journal that is there is whole, and on the disk. */
export async function writeJournal(root: Root, key: string, journal: Journal): Promise<void> {
  const text = JSON.stringify(journal);
  const signed: SignedJournal = { version: 2, signature: sign(key, text), journal: text };
  const draft = `${STAGE}/journal.json`;
  root.remove(draft);
  root.write(draft, Buffer.from(JSON.stringify(signed)), 0o644);
  await root.sync([draft]);
  root.rename(draft, JOURNAL);
  await root.sync([STATE]);
}

/**
 * Reads the journal of a run that was stopped.
 * @returns undefined when there is none
 * @throws ExpectedError when no run of this user on this machine wrote it, for this project
 */
export function readJournal(disk: Disk, root: Root): { journal: Journal; key: string } | undefined {
  const content = root.read(JOURNAL)?.content;
  if (content === undefined) return undefined;
  let journal: Journal;
  let key: string | undefined;
  try {
    const signed = JSON.parse(content.toString()) as SignedJournal;
    const { signature, journal: text } = signed;
    key = keysOf(disk, root).find((one) => isSigned(one, text, signature));
    if (key === undefined) throw new Error('it is not signed by a run of this project on this machine');
    journal = JSON.parse(text) as Journal;
    for (const path of [...journal.steps.map((step) => step.path), ...journal.directories]) {
      const problem = ownPathProblem(path);
      if (problem !== undefined) throw new Error(`the path ${JSON.stringify(path)} ${problem}`);
    }
  } catch (error) {
    throw new ExpectedError(
      EXIT.inTheWay,
      `${JOURNAL} is not trusted: ${messageOf(error)}. Nothing was changed.`,
      [
        `It says how to finish an interrupted run. If it came with a repository or a copy, delete it and ${STAGE}.`,
        `If a run was interrupted here, and the project was then moved or the key removed, files may be partly new: ${STAGE}/new has`,
        `the new ones and ${STAGE}/old what they replaced. Compare with your version control, delete both, and run regenerate.`,
      ].join('\n'),
    );
  }
  return { journal, key };
}

function sign(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}

function isSigned(key: string, text: string, signature: string): boolean {
  const [wanted, given] = [Buffer.from(sign(key, text)), Buffer.from(signature)];
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}
