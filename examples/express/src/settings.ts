import { z } from 'zod';

/**
 * Your own settings: environment variables that are read once, at start, and passed to `createBackend`. The service does
 * not start while one is invalid, and names it. Values are strings, so coerce them:
 *
 *   VENDOR_URL: z.url(),
 *   VENDOR_TIMEOUT: z.coerce.number().min(1).default(30),
 *
 * Explain each of them in .env.example, too: a test looks for it there.
 */
export const settings = z.object({});

export type Settings = z.infer<typeof settings>;
