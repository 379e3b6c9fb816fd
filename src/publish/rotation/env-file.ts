import { isDeepStrictEqual, parseEnv } from 'node:util';

import { EXIT, ExpectedError } from '../../errors.ts';

/** The variable of the password that a service takes, and that of the one which it takes as well while this changes. */
const [PASSWORD, OLD_PASSWORD] = ['SERVICE_PASSWORD', 'SERVICE_OLD_PASSWORD'];

/** The passwords in a `.env`; those that are empty are left out. */
export interface Passwords {
  password?: string;
  old?: string;
}

/** The line above an old password, which ends with the address of the Tsuru that may still have it. */
const NOTE = `# ${OLD_PASSWORD} stays until this is done: publish --target `;
const NOTED = new RegExp(`^${NOTE}([^\\r\\n]*)\\r?\\n`, 'gm');

/** An address that means nothing else in a command: a `.env` may be of others. */
const ADDRESS = /^https?:\/\/[\w.~:/%+,=[\]-]+$/;

/** A line of a `.env` that sets a variable. */
interface Setting {
  /** Where the line starts, and where it ends, with its line end. */
  from: number;
  to: number;
  /** All before the value, such as `export SERVICE_PASSWORD=`. */
  before: string;
  /** The value as it is written, with its quotes. */
  written: string;
  /** All after the value: a comment, and the line end. */
  after: string;
}

/** The passwords that a service reads from a `.env`: of several lines for one of them, the last. */
export function passwordsIn(text: string): Passwords {
  const { [PASSWORD]: password, [OLD_PASSWORD]: old } = parseEnv(text);
  return { ...(password && { password }), ...(old && { old }) };
}

/**
 * The address of the Tsuru for which the password of a `.env` began to change; undefined if it has no note of it.
 * @throws ExpectedError if the note has something else: another Tsuru must not end that change
 */
export function targetIn(text: string): string | undefined {
  const [, target] = [...text.matchAll(NOTED)][0] ?? [];
  if (target === undefined || isPlain(target)) return target;
  throw new ExpectedError(
    EXIT.inTheWay,
    `The line of .env about ${OLD_PASSWORD} ends with no address of a Tsuru: it must be an http or https URL without special characters.`,
    'Correct its end, or remove the line if no other Tsuru has the old password.',
  );
}

/**
 * The same `.env` with a new password, and with its password as the old one in a line below. All else stays, byte for byte.
 * @param target the address of the Tsuru that has the old one
 * @throws ExpectedError if that is impossible, such as for a password in several lines, or an address with special characters, or if it
 *   has an old password already
 */
export function withNewPassword(text: string, password: string, target: string): string {
  if (!isPlain(target)) throw new ExpectedError(EXIT.inTheWay, 'The address of this Tsuru has special characters, which cannot be noted in .env.', 'Use an address without them.');
  if (passwordsIn(text).old !== undefined) throw new ExpectedError(EXIT.inTheWay, 'The password in .env cannot be replaced: another change of it has begun.', 'Run the same command again, which finishes that one.');
  const plain = withoutOld(text);
  const setting = settingsIn(plain, PASSWORD).at(-1);
  if (setting === undefined) throw notEditable();
  const { from, to, before, written, after } = setting;
  const quote = /^(["'`]).*\1$/.exec(written)?.[1] ?? '';
  const end = /\r?\n$/.exec(after)?.[0] ?? '';
  const rest = after.slice(0, after.length - end.length);
  // The line end of the file, for a last line that has none.
  const lineEnd = end || (text.includes('\r\n') ? '\r\n' : '\n');
  const lines = `${before}${quote}${password}${quote}${rest}${lineEnd}${NOTE}${target}${lineEnd}${before.replace(PASSWORD, OLD_PASSWORD)}${written}${end}`;
  const edited = plain.slice(0, from) + lines + plain.slice(to);
  // The other end of the change must be possible, too.
  withoutOldPassword(edited);
  if (targetIn(edited) !== target) throw notEditable();
  return verified(edited, { ...parseEnv(text), [PASSWORD]: password, [OLD_PASSWORD]: parseEnv(text)[PASSWORD] });
}

/** The same `.env` without an old password. @throws ExpectedError if that is impossible */
export function withoutOldPassword(text: string): string {
  const { [OLD_PASSWORD]: _, ...others } = parseEnv(text);
  return verified(withoutOld(text), others);
}

function isPlain(address: string): boolean {
  return ADDRESS.test(address) && URL.canParse(address);
}

function withoutOld(text: string): string {
  const plain = text.replaceAll(NOTED, '');
  return settingsIn(plain, OLD_PASSWORD).reduceRight((rest, { from, to, after }) => {
    // What comes before a last line without a line end becomes the last one.
    const start = after.endsWith('\n') ? from : rest.slice(0, from).replace(/\r?\n$/, '').length;
    return rest.slice(0, start) + rest.slice(to);
  }, plain);
}

function settingsIn(text: string, name: string): Setting[] {
  // A `#` inside a value may be a part of it: only after a blank does it begin a comment for all readers.
  const line = new RegExp(`(?<=^|\\n)([ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=[ \\t]*)("[^"\\n]*"|'[^'\\n]*'|\`[^\`\\n]*\`|[^\\n]*?)((?:[ \\t]+#[^\\n]*|[ \\t]*\\r?)(?:\\n|$))`, 'g');
  return [...text.matchAll(line)].map(({ 0: whole, 1: before = '', 2: written = '', 3: after = '', index }) => ({
    ...{ from: index, to: index + whole.length },
    ...{ before, written, after },
  }));
}

/** @throws ExpectedError if a text is read as anything but these values: a line may be inside a value of several lines */
function verified(edited: string, wanted: Record<string, string | undefined>): string {
  if (isDeepStrictEqual({ ...parseEnv(edited) }, { ...wanted })) return edited;
  throw notEditable();
}

function notEditable(): ExpectedError {
  return new ExpectedError(EXIT.inTheWay, 'The password in .env cannot be replaced without another change.', `Write ${PASSWORD}=... in a line of its own.`);
}
