import { z } from 'zod';

/** Where the store is. */
export interface StoreConfig {
  /** `postgres://user:password@host:5432/database`, with `sslmode` and the like as `pg` takes them. */
  url: string;
}

/** The environment variables of the store. */
export const storeVariables = {
  STORE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\/./, 'must be a URL such as postgres://user:password@host:5432/database'),
};

export function storeConfig({ STORE_URL }: { STORE_URL: string }): StoreConfig {
  return { url: STORE_URL };
}
