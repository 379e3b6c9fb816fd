import { createHash } from 'node:crypto';

import type { PostgresData } from './data.js';

/** PostgreSQL cuts longer identifiers without an error, and two of them may then be the same. */
export const MAX_BYTES = 63;

/** The start of every identifier of every service. */
export const NAMESPACE = 'tsuru_';

/** Hexadecimal digits of the hash in a name. */
const HASH = 16;

/** The start of every identifier of a service. The hash keeps the services `a-b` and `a--b` apart. */
export function prefixOf(service: string): string {
  return `${NAMESPACE}${slug(service, 10)}_${hash(8, service)}`;
}

/**
 * The identifiers of an instance. Its id is part of them, and not only its name, so a new instance never finds what a
 * removed one of that name has left.
 */
export function namesOf(service: string, instance: { id: string; name: string }): PostgresData {
  const prefix = prefixOf(service);
  const database = `${prefix}_${slug(instance.name, 12)}_${hash(HASH, service, instance.id)}`;
  return { prefix, database, owner: `${database}_owner` };
}

/** The login role of one app or job on one instance. */
export function roleOf({ prefix, database }: PostgresData, kind: 'app' | 'job', name: string): string {
  return `${prefix}_${slug(name, 12)}_${hash(HASH, database, kind, name)}_${kind}`;
}

/** The readable part of a name. It need not be unique. */
function slug(name: string, length: number): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, length);
}

/** Hexadecimal digits that are always part of a name, since what is readable may be equal: `a-b` and `a_b`. */
function hash(length: number, ...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, length);
}
