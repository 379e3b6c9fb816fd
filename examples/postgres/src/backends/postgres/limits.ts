/** What a plan allows. PostgreSQL has no limit for the size of a database; `tsuru service instance info` shows it. */
export interface Limits {
  /** Open connections of all apps and jobs of an instance together. */
  connections: number;
  /** Open connections of each app or job. */
  connectionsPerApp: number;
  /**
   * Milliseconds after which a statement is ended; 0 for never. It is the default of a session, which an app can change
   * for itself.
   */
  statementTimeout: number;
}

/** For a plan without limits of its own, and for one that was removed from src/plans.ts. */
export const DEFAULT_LIMITS: Limits = { connections: 20, connectionsPerApp: 10, statementTimeout: 60_000 };
