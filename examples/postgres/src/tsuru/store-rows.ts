import type { Cluster, Instance, Requester, Variables } from './backend.js';
import { bytesOf } from './store-dialect.js';
import { emptyObject, isObject, withoutPrototypes, type JsonObject, type JsonValue } from './values.js';

const STATES = ['pending', 'ready', 'failed', 'removing'] as const;

/** `pending`: being created. `failed`: creating it failed. `removing`: being removed, or its removal failed. */
export type InstanceState = (typeof STATES)[number];

/** An instance, as the store keeps it. */
export interface StoredInstance extends Instance {
  state: InstanceState;
  /** Why it is `failed`, or why its removal stopped; `''` otherwise. */
  error: string;
  requestedBy: Requester;
  /** From its create; the kube config is dropped once that has ended. */
  cluster: Cluster | undefined;
  /** The columns of its row that cannot be read. They are empty here; such an instance can only be removed. */
  damaged: string[];
}

const BIND_STATES = ['binding', 'bound', 'unbound'] as const;

/**
 * `binding`: being made or revoked, or left halfway. `unbound`: kept for an hour, in which the same app gets the same
 * variables again.
 */
export type BindState = (typeof BIND_STATES)[number];

export interface StoredBind {
  kind: 'app' | 'job';
  name: string;
  state: BindState;
  secret: string;
  variables: Variables;
  /** Tsuru leaves them out when it binds again. */
  parameters: JsonObject;
  unboundAt: Date | undefined;
}

/** A bind of the same app or job to another instance. */
export interface OtherBind {
  instanceId: string;
  bind: StoredBind;
}

export function instanceRow(instance: StoredInstance) {
  const { requestedBy, cluster, tags, parameters, data, damaged: _derived, ...plain } = instance;
  return {
    ...plain,
    tags: JSON.stringify(tags),
    parameters: JSON.stringify(parameters),
    data: JSON.stringify(data),
    requested_by: JSON.stringify(requestedBy),
    cluster: cluster === undefined ? null : JSON.stringify(cluster),
  };
}

export function bindRow(instanceId: string, { variables, parameters, unboundAt, ...plain }: StoredBind) {
  return {
    instance_id: instanceId,
    ...plain,
    variables: JSON.stringify(variables),
    parameters: JSON.stringify(parameters),
    unbound_at: unboundAt?.toISOString() ?? null,
  };
}

export const INSTANCE_COLUMNS = [
  ...(['id', 'name', 'state', 'team', 'plan', 'description', 'tags'] as const),
  ...(['parameters', 'data', 'error', 'requested_by', 'cluster'] as const),
] as const;
export const BIND_COLUMNS = ['kind', 'name', 'state', 'secret', 'variables', 'parameters', 'unbound_at'] as const;

/** The bytes of each column. */
type Row<Column extends string> = Record<Column, Uint8Array | null>;

/** Selects columns of text as bytes, since a damaged one may not be UTF-8. */
export function asBytes<Column extends string>(columns: readonly Column[]) {
  return columns.map((column) => bytesOf(column).as(column));
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function decoded(bytes: Uint8Array | null): string | undefined {
  try {
    return bytes === null ? undefined : utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Reads a row, even a damaged one: its instance must still be removable. */
export function instanceOf(row: Row<(typeof INSTANCE_COLUMNS)[number]>): StoredInstance {
  const damaged: string[] = [];
  const column = <T>(name: keyof typeof row, read: (text: string) => T | undefined, otherwise: T): T => {
    const text = decoded(row[name]);
    const value = text === undefined ? undefined : read(text);
    if (value === undefined) damaged.push(name);
    return value ?? otherwise;
  };
  const text = (name: keyof typeof row) => column(name, (found) => found, '');
  return {
    id: text('id'),
    name: text('name'),
    state: column('state', (found) => STATES.find((state) => state === found), 'failed'),
    team: text('team'),
    plan: text('plan'),
    description: text('description'),
    tags: column('tags', listIn, []),
    parameters: column('parameters', objectIn, emptyObject()),
    data: column('data', objectIn, emptyObject()),
    error: text('error'),
    requestedBy: column<Requester>('requested_by', requesterIn, { user: '', event: '' }),
    cluster: row.cluster === null ? undefined : column<Cluster | undefined>('cluster', clusterIn, undefined),
    damaged,
  };
}

/** Reads a row. A bind whose variables cannot be read must be made again. */
export function bindOf(row: Row<(typeof BIND_COLUMNS)[number]>): StoredBind {
  const text = (name: keyof typeof row) => decoded(row[name]) ?? '';
  const variables = variablesIn(row.variables);
  const state = BIND_STATES.find((known) => known === text('state')) ?? 'binding';
  return {
    kind: text('kind') === 'job' ? 'job' : 'app',
    name: text('name'),
    state: variables === undefined && state === 'bound' ? 'binding' : state,
    secret: text('secret'),
    variables: { ...variables },
    parameters: objectIn(text('parameters')) ?? emptyObject(),
    unboundAt: dateIn(text('unbound_at')),
  };
}

/** The variables of a bind; undefined when they cannot be read. */
export function variablesIn(bytes: Uint8Array | null): Variables | undefined {
  return objectIn(decoded(bytes) ?? '') as Variables | undefined;
}

function dateIn(text: string): Date | undefined {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function objectIn(text: string): JsonObject | undefined {
  const value = jsonIn(text);
  return isObject(value) ? value : undefined;
}

function listIn(text: string): string[] | undefined {
  const value = jsonIn(text);
  return Array.isArray(value) ? value.map(String) : undefined;
}

function requesterIn(text: string): Requester | undefined {
  return objectIn(text) as Requester | undefined;
}

function clusterIn(text: string): Cluster | undefined {
  return objectIn(text) as Cluster | undefined;
}

function jsonIn(text: string): JsonValue | undefined {
  try {
    return withoutPrototypes(JSON.parse(text));
  } catch {
    return undefined;
  }
}
