import { createHmac, timingSafeEqual } from 'node:crypto';

import { EXIT, ExpectedError, messageOf } from '../errors.ts';
import { JOURNAL, ownPathProblem, STAGE, STATE } from './paths.ts';
import { keysOf, type Disk } from './proof.ts';
import type { Root } from './root.ts';

/** A file to write, replace or delete. */
export interface JournalStep {
  path: string;
  /** SHA-256 of the old content, in hexadecimal; null if there is no file. */
  before: string | null;
  /** SHA-256 of the new content; null to delete the file. */
  after: string | null;
}

/**
 * The steps that a run is about to carry out or undo. The new files are in `stage/new`, named by the number of their step;
 * the replaced ones are moved to `stage/old`. Once the journal exists, its steps are all carried out or all undone.
 */
export interface Journal {
  direction: 'forward' | 'back';
  steps: readonly JournalStep[];
  /** Directories that the steps create, innermost first. */
  directories: readonly string[];
}

/** `.tsuru-service/journal.json` */
interface SignedJournal {
  version: 2;
  /** HMAC-SHA-256 of `journal` with the key of the run, in hexadecimal. */
  signature: string;
  /** As JSON. */
  journal: string;
}

/** Written under another name and renamed, so that a journal is always complete and on the disk. */
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

/** @throws ExpectedError if a run was interrupted: some files may be new and others old until the next one ends it */
export function refuseInterrupted(root: Root): void {
  if (root.look(JOURNAL) === undefined) return;
  throw new ExpectedError(EXIT.inTheWay, 'An earlier run was interrupted.', 'Run regenerate first: it finishes or undoes that run.');
}

/**
 * Reads the journal of an interrupted run.
 * @returns undefined when there is none
 * @throws ExpectedError unless this user wrote it on this machine, for this project
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
        'If a run was interrupted here, and the project was then moved or the key removed, some files may be new and others old:',
        `${STAGE}/new has the new ones and ${STAGE}/old the replaced ones. Compare them with your version control, delete the`,
        'journal and the stage, and run regenerate.',
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
