import { z } from 'zod';

import { postgresSettings } from './backends/postgres/settings.js';

/**
 * The settings of the backend, and your own: environment variables that are read once, at start, and passed to
 * `createBackend`. The service does not start while one is invalid, and names it. Values are strings, so coerce them:
 *
 *   VENDOR_TIMEOUT: z.coerce.number().min(1).default(30),
 *
 * Explain each of them in .env.example, too: a test looks for it there.
 */
export const settings = z.object({ ...postgresSettings });

export type Settings = z.infer<typeof settings>;
