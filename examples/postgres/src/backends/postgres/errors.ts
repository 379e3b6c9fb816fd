import { ServiceError } from '../../tsuru/errors.js';
import { isObject } from '../../tsuru/values.js';

/** PostgreSQL's codes for what exists already. Of parallel creations some get the code of a unique index. */
const EXISTS = ['42710', '42P04', '23505'];
/** A role or a database that does not exist. */
const MISSING = ['42704', '3D000'];

/**
 * A serialization failure, a deadlock, a database in use, an object that a role has created while it was being removed, and
 * an internal error: "tuple concurrently updated" or "could not find tuple", of a catalog that another replica changes.
 */
const PASSING = ['40001', '40P01', '55006', '23505', '2BP01', 'XX000'];

const UNREACHABLE =
  "The PostgreSQL server cannot be reached. Try again in a minute; if that does not help, tell the service's operators.";

const UNTRUSTED =
  "The service finds no TLS that it trusts on the PostgreSQL server. Tell the service's operators: they find the reason with the doctor.";

/** Texts for Tsuru's user, without addresses, by the code of PostgreSQL or of Node. */
const TEXTS: readonly (readonly [codes: RegExp, text: string])[] = [
  [
    /^(28P01|28000)$/,
    "The PostgreSQL server refuses the service's own account. Tell the service's operators: they find the reason with the doctor.",
  ],
  [
    /^42501$/,
    "The service's account on the PostgreSQL server lacks a privilege. Tell the service's operators: they find out which one with the doctor.",
  ],
  [/^53300$/, 'The PostgreSQL server has no free connection. Try again in a minute.'],
  [/^(53100|53200)$/, "The PostgreSQL server has no free disk space or memory. Tell the service's operators."],
  [/^25006$/, "The PostgreSQL server is read-only, as a standby is. Try again in a minute; if that does not help, tell the service's operators."],
  [/^(3D000|42704)$/, "A database or a role is missing on the PostgreSQL server. Tell the service's operators: they find out what with the doctor."],
  [/^2BP01$/, "Objects of others depend on those of this instance. Tell the service's operators: they find them with the doctor."],
  [/^(CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+|ERR_(TLS|SSL)_\w+|EPROTO)$/, UNTRUSTED],
  [/^(55P03|57014|40P01|55006)$/, 'The database is busy. Try again when its apps have ended their long transactions.'],
  [/^(08...|57P0[1-5]|ECONN\w+|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE)$/, UNREACHABLE],
];

/** pg's errors without a code. */
const LOST = /timeout|terminated|Connection ended|not queryable/i;
const NO_TLS = /does not support SSL|certificate/i;

export function alreadyExists(error: unknown): boolean {
  return EXISTS.includes(codeOf(error));
}

export function isMissing(error: unknown): boolean {
  return MISSING.includes(codeOf(error));
}

export function isFull(error: unknown): boolean {
  return codeOf(error) === '53300';
}

/** An object that another one needs is not dropped. */
export function hasDependents(error: unknown): boolean {
  return codeOf(error) === '2BP01';
}

/** Whether the same step may succeed a moment later, since it met another one or a session that was just ending. */
export function isPassing(error: unknown): boolean {
  return PASSING.includes(codeOf(error));
}

export function isForbidden(error: unknown): boolean {
  return codeOf(error) === '42501';
}

/**
 * An error of the server, for Tsuru's user. One that has no text here stays as it is: its own text goes to the log only.
 * @returns ServiceError 503
 */
export function inPlainWords(error: unknown): unknown {
  if (error instanceof ServiceError) return error;
  const code = codeOf(error);
  const text = TEXTS.find(([codes]) => codes.test(code))?.[1] ?? textOf(error);
  return text === undefined ? error : new ServiceError(503, text, {}, { cause: error });
}

/** For an error that is neither PostgreSQL's nor the system's. */
function textOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || /^[0-9A-Z]{5}$/.test(codeOf(error))) return undefined;
  if (NO_TLS.test(error.message)) return UNTRUSTED;
  return LOST.test(error.message) ? UNREACHABLE : undefined;
}

/** Accepts that a statement finds nothing to remove. */
export async function ignoreMissing(statement: Promise<unknown>): Promise<void> {
  await statement.catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

function codeOf(error: unknown): string {
  const code = isObject(error) ? error['code'] : undefined;
  return typeof code === 'string' ? code : '';
}
