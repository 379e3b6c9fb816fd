import { z } from 'zod';

/** Where the store is. */
export interface StoreConfig {
  /** A path, or `:memory:` for a store that ends with the process. */
  path: string;
}

/** The environment variables of the store. */
export const storeVariables = {
  DATABASE_PATH: z.string().min(1).default('data/service.db'),
};

export function storeConfig({ DATABASE_PATH }: { DATABASE_PATH: string }): StoreConfig {
  return { path: DATABASE_PATH };
}
