import { isDeepStrictEqual } from 'node:util';

import { messageOf, unreadable } from '../errors.ts';
import { plainLine } from '../terminal/terminal.ts';
import { withoutBom } from '../text.ts';
import type { Encoding } from '../tsuru/encoding.ts';

/** What a service is to be registered with in Tsuru. */
export interface Registration {
  id: string;
  /** `''` lets Tsuru send the id. */
  username: string;
  password: string;
  /** By the names of clusters; `production` is for all others. */
  endpoints: Record<string, string>;
  /** `''` leaves it to Tsuru: the only team of the user, or the one that it has. */
  team: string;
  isMultiCluster: boolean;
  encoding: Encoding;
  /** Whether it comes from manifest.example.yaml, as in a fresh clone: it may lack what was set in manifest.yaml only. */
  isExample?: boolean;
  /** Undefined leaves what there is. */
  permissions?: Permissions | undefined;
  /** The documentation; undefined leaves what there is. */
  doc?: string | undefined;
}

/** One route of an instance that a permission is given for. */
export interface GrantedOperation {
  method: string;
  path: string;
  action: string;
}

/** The permissions manifest of a service, as Tsuru has it. */
export interface Permissions {
  enabled: boolean;
  strict_actions: boolean;
  legacy_compat: boolean;
  operations: GrantedOperation[];
}

/**
 * Reads a permissions manifest as Tsuru does: what is absent is false or empty. A field that Tsuru does not know is refused: Tsuru
 * would ignore it, so that a typo such as "operation" would remove permissions.
 * @returns undefined if there is none
 * @throws ExpectedError if it is not JSON, or has another shape
 */
export function readPermissions(text: string | undefined): Permissions | undefined {
  if (text === undefined) return undefined;
  let given: Partial<Permissions> | null;
  try {
    given = JSON.parse(withoutBom(text)) as typeof given;
  } catch (error) {
    throw unreadable(`permissions.json is not valid JSON: ${plainLine(messageOf(error), 200)}.`, 'Correct it, or run npx create-tsuru-service regenerate --restore permissions.json.');
  }
  const permissions = given === null ? undefined : shaped(given);
  const unread = otherName([given], ['enabled', 'strict_actions', 'legacy_compat', 'operations']) ?? otherName(given?.operations, ['method', 'path', 'action']);
  if (permissions === undefined || unread !== undefined) {
    const problem = unread === undefined ? 'has another shape than Tsuru reads' : `has ${JSON.stringify(unread)}, which Tsuru does not read`;
    throw unreadable(`permissions.json ${problem}.`, 'It has enabled, strict_actions and legacy_compat, each true or false, and operations: a list of method, path and action.');
  }
  return permissions;
}

/** The name of a field in a list of objects that is none of those. */
function otherName(list: unknown, known: readonly string[]): string | undefined {
  return (Array.isArray(list) ? list : []).flatMap((one) => Object.keys(Object(one) as object)).find((name) => !known.includes(name));
}

/** @returns undefined for a value that is no permissions manifest; an empty one for null, which Tsuru has before it gets one */
export function shaped(given: unknown): Permissions | undefined {
  const { enabled = false, strict_actions = false, legacy_compat = false, operations } = (given ?? {}) as Partial<Permissions>;
  const list: unknown = operations ?? [];
  if (typeof given !== 'object' || Array.isArray(given) || !Array.isArray(list)) return undefined;
  const read = list.map((one) => {
    const { method, path, action } = (one ?? {}) as Partial<GrantedOperation>;
    return { method: method ?? '', path: path ?? '', action: action ?? '' };
  });
  const isRight = [enabled, strict_actions, legacy_compat].every((value) => typeof value === 'boolean') && read.every((one) => Object.values(one).every((value) => typeof value === 'string'));
  return isRight ? { enabled, strict_actions, legacy_compat, operations: read } : undefined;
}

/** Whether two permissions manifests give the same permissions: the order of the operations does not count. */
export function grantsTheSame(one: Permissions, other: Permissions): boolean {
  return isDeepStrictEqual(inOrder(one), inOrder(other));
}

function inOrder({ operations, ...switches }: Permissions) {
  return { ...switches, operations: operations.map(({ method, path, action }) => JSON.stringify([method, path, action])).sort() };
}

/** Such as `GET /usage (usage.show)`. */
export function operationText({ method, path, action }: GrantedOperation): string {
  return `${word(method)} ${word(path)} (${word(action)})`;
}

/** A text in quotes, unless it is seen where it begins and ends. */
export function word(text: string): string {
  return /^[^"\\()\p{C}\p{Z}]+$/u.test(text) ? text : JSON.stringify(text);
}
