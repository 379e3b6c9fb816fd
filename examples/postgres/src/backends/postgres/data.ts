import { z } from 'zod';

/** What the store keeps of an instance: the identifiers that were chosen for it, so that they outlive any change of the rules. */
export const postgresData = z.object({
  /** The start of the names of its roles. */
  prefix: z.string().min(1),
  database: z.string().min(1),
  /** The role that owns the database and everything in it. It cannot log in. */
  owner: z.string().min(1),
});

export type PostgresData = z.output<typeof postgresData>;
