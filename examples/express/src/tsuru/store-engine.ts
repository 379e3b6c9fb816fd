import type { Kysely } from 'kysely';

import { ServiceError } from './errors.js';
import type { Tables } from './store-tables.js';

/** A lock that is held. */
export interface Lock {
  /** Aborted with a {@link LostLock} when the lock is lost, since another process may then have it. */
  readonly lost: AbortSignal;
  /** For all that its holder reads and writes. A lock that can be lost refuses everything once it is lost or released. */
  readonly db: Kysely<Tables>;
  /** To be called once, after everything that is done under the lock has ended, even when the lock was lost. */
  release(): Promise<void>;
}

/** The lock of an operation was lost; its result is not stored, and it can be repeated. */
export class LostLock extends ServiceError {
  constructor(cause?: unknown) {
    super(503, "The service lost the connection to its database. Try again in a minute.", {}, { cause });
  }
}

/** A queue of instances to create, whose entries outlive the process that works on them. */
export interface CreationQueue {
  /**
   * Adds an instance.
   * @param isNew whether its creation was just asked for; otherwise one that is queued already stays as it is
   * @returns false when it was taken too often without an end, and is not taken again
   */
  add(instance: { id: string; name: string }, isNew: boolean): Promise<boolean>;
  /**
   * Starts to take instances from the queue.
   * @param create settles when the creation has ended; when it rejects, the instance is taken again later
   */
  start(create: (name: string) => Promise<void>): Promise<void>;
  /** Returns the instances of processes that have died to the queue. */
  recover(): Promise<void>;
  /** Takes no more instances, and resolves when those that were taken have ended. */
  stop(): Promise<void>;
}

/** What the processes that use one store need of each other. */
export interface Coordination {
  /** Whether other processes may use the store. */
  readonly isShared: boolean;
  /**
   * Takes a lock, which ends with this process. A process does not take one twice.
   * @returns undefined while it is held
   * @throws ServiceError 503 when the database cannot be reached
   */
  tryLock(key: string): Promise<Lock | undefined>;
  /** Those of the keys whose locks are not held now. */
  free(keys: readonly string[]): Promise<string[]>;
  /** Tells the other processes that an instance is being removed. They may not hear it. */
  announceRemoval(name: string): Promise<void>;
  onRemoval(listener: (name: string) => void): void;
  /** The queue of creations in the background; undefined when they stay in this process. */
  readonly queue: CreationQueue | undefined;
}

/** The database of a store, and whatever is not the same for each kind of database. */
export interface StoreEngine {
  readonly db: Kysely<Tables>;
  readonly coordination: Coordination;
  /** Removes deleted data from the disk. When that fails, `scrubIfDue` does it later. */
  scrub(): void;
  scrubIfDue(): void;
  /**
   * Checks that the database can be used; replies within seconds.
   * @param write a small write
   * @throws ServiceError 503 or 507
   */
  check(write: (db: Kysely<Tables>) => Promise<void>): Promise<void>;
  /** The error of a write, as a ServiceError if the database refused or could not take it. */
  failure(error: unknown): unknown;
  close(): Promise<void>;
}
