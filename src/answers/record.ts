import { parseDocument } from 'yaml';

import { withoutBom } from '../text.ts';
import { type Answers, RECORD } from './answers.ts';
import { EXIT, ExpectedError, messageOf, unreadable } from '../errors.ts';
import { FIX, readAnswers } from './read-answers.ts';
import { editText, rewriteText, YAML_OPTIONS } from './record-text.ts';
import { refusePoison } from './untrusted.ts';

const VERSION = 1;

/** Characters. The time to read YAML grows with the square of them. */
const LONGEST = 65_536;

/**
 * Reads a record. Answers that it leaves out get their defaults.
 * @param text of `tsuru-service.yaml`: untrusted input
 * @throws ExpectedError with the exit code for unreadable, naming the line or the key
 */
export function readRecord(text: string): Answers {
  if (text.length > LONGEST) throw unreadable(`${RECORD} is longer than ${LONGEST} characters.`, FIX);
  const document = parseDocument(withoutBom(text), YAML_OPTIONS);
  const [error] = document.errors;
  if (error) throw unreadable(`${RECORD} is not valid YAML: ${error.message}`, FIX);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 20 });
  } catch (problem) {
    throw unreadable(`${RECORD} is not valid YAML: ${messageOf(problem)}.`, FIX);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unreadable(`${RECORD} has no answers.`, 'It must be a mapping of keys to values.');
  }
  refusePoison(value, RECORD);
  const { version, ...answers } = value as Record<string, unknown>;
  if (version !== VERSION) {
    throw unreadable(
      `${RECORD} has version ${JSON.stringify(version)}; this program supports version ${VERSION}.`,
      'Use a newer create-tsuru-service.',
    );
  }
  return readAnswers(answers, RECORD);
}

/**
 * Changes answers in the text of a record and keeps everything else: comments, order and layout.
 * @param changes the new answers; an answer that is the same is not touched
 * @throws ExpectedError when the text cannot be changed without changing more than that
 */
export function editRecord(text: string, changes: Partial<Answers>): string {
  const before = readRecord(text);
  const after = inOrder({ ...before, ...changes });
  const wanted = JSON.stringify(after);
  for (const edit of [editText, rewriteText]) {
    const edited = edit(text, before, after);
    if (edited !== undefined && whatItSays(edited) === wanted) return edited;
  }
  const keys = Object.keys(after) as (keyof Answers)[];
  const changed = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  throw new ExpectedError(
    EXIT.inTheWay,
    `Cannot change ${changed.join(' and ')} in ${RECORD} without changing other answers.`,
    'Remove its anchors and aliases, or edit it by hand, then run regenerate.',
  );
}

/** Answers with the keys of their items in a fixed order. */
function inOrder({ plans, endpoints, ...others }: Answers): Answers {
  return {
    ...others,
    plans: plans.map(({ name, description }) => ({ name, description })),
    endpoints: endpoints.map(({ name, method, path, scope, action, description }) => ({
      ...{ name, method, path, ...(scope && { scope }), action, description },
    })),
  };
}

/** The answers of a text, for comparison; undefined when it is unreadable. */
function whatItSays(text: string): string | undefined {
  try {
    return JSON.stringify(inOrder(readRecord(text)));
  } catch {
    return undefined;
  }
}
