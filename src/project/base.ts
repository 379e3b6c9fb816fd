import { unreadable } from '../errors.ts';
import { linesOf, withoutBom } from '../text.ts';
import { sha256 } from './hash.ts';
import { withPlainEnds } from './line-ends.ts';
import { BASES, FOLDER_OF_BASES, pathProblem, sameOnSomeDisks } from './paths.ts';
import type { Root } from './root.ts';

/** The size limit in bytes for reading the bases: a hundred times the usual size. */
const LARGEST = 32n * 1024n * 1024n;

const RESTORE = 'Restore it from your version control.';

/** @throws ExpectedError when a file has conflict markers of git */
export function refuseGitMarkers(text: string, path: string): void {
  const line = linesOf(text).findIndex((one) => /^(<{7}|={7}|>{7}|\|{7})( |\r?\n|$)/.test(one));
  if (line === -1) return;
  throw unreadable(
    `${path} has conflict markers of git in line ${line + 1}.`,
    'Choose one side of the folder, for example with "git checkout --ours .tsuru-service", and run regenerate.',
  );
}

/**
 * `.tsuru-service/base.jsonl`: the files as last rendered, one per line with an empty line after each, so that version control can merge them:
 * `["path","text"]`, or `["path","...","base64"]` for bytes that are not UTF-8. Line endings in a text are escaped, so that
 * converting the file's line endings changes no text.
 * @param files in the order of their paths
 */
export function writeBases(files: Iterable<readonly [path: string, content: Buffer]>): Buffer {
  const lines = [...files].map(([path, content]) => {
    const text = content.toString();
    const isText = Buffer.from(text).equals(content);
    const line = JSON.stringify(isText ? [path, text] : [path, content.toString('base64'), 'base64']);
    // The empty line: changes of lines that touch are a conflict of git.
    return `${line}\n\n`;
  });
  return Buffer.from(lines.join(''));
}

/**
 * Reads `base.jsonl` as untrusted input.
 * @throws ExpectedError with the exit code for unreadable; the message names the line
 */
export function readBases(content: Buffer): Map<string, Buffer> {
  const text = withoutBom(content.toString());
  refuseGitMarkers(text, BASES);
  const bases = new Map<string, Buffer>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '') continue;
    const place = `${BASES} line ${index + 1}`;
    const [path, base] = parseLine(line, place);
    const problem = pathProblem(path);
    if (problem !== undefined) throw unreadable(`${place} has the path ${JSON.stringify(path)}, which ${problem}.`, RESTORE);
    if (bases.has(path)) {
      throw unreadable(`${place} repeats the path ${path}.`, RESTORE);
    }
    bases.set(path, base);
  }
  const twins = sameOnSomeDisks(bases.keys());
  if (twins !== undefined) throw unreadable(`${BASES} has ${twins.join(' and ')}, which are the same file on some disks.`, RESTORE);
  return bases;
}

function parseLine(line: string, place: string): [path: string, base: Buffer] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw unreadable(`${place} is not valid JSON.`, RESTORE);
  }
  const fields: unknown[] = Array.isArray(value) ? value : [];
  const [path, text, encoding] = fields;
  const isKnown = fields.length === 2 || (fields.length === 3 && encoding === 'base64');
  if (!isKnown || typeof path !== 'string' || typeof text !== 'string') {
    throw unreadable(`${place} is not of the form ["path","text"].`, RESTORE);
  }
  return [path, Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8')];
}

/** Returns the base of a file. @throws ExpectedError when it is missing, or does not have that hash */
export type BaseOf = (path: string, hash: string) => Buffer;

/**
 * Opens the bases of a project: `base.jsonl`, or the folder of earlier versions with one file per base.
 * @throws ExpectedError with the exit code for unreadable
 */
export function openBases(root: Root): BaseOf {
  if ((root.look(BASES)?.size ?? 0n) > LARGEST) {
    throw unreadable(`${BASES} is larger than ${LARGEST / 1024n / 1024n} MiB.`, RESTORE);
  }
  const content = root.read(BASES)?.content;
  const bases = content && readBases(content);
  return (path, hash) => {
    const old = root.read(`${FOLDER_OF_BASES}/${hash}`)?.content;
    const candidates = [bases?.get(path), old, old && withPlainEnds(old)].filter((one) => one !== undefined);
    const found = candidates.find((one) => sha256(one) === hash);
    if (found !== undefined) return found;
    throw unreadable(
      `The base of ${path} in ${BASES} is ${candidates.length === 0 ? 'missing' : 'damaged'}.`,
      `Restore .tsuru-service from your version control, or use --restore ${path}: it writes the new file and backs yours up.`,
    );
  };
}

/** The paths of the bases in the folder of an earlier version. */
export function oldBases(root: Root): string[] {
  return root
    .list(FOLDER_OF_BASES)
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .map((name) => `${FOLDER_OF_BASES}/${name}`);
}
