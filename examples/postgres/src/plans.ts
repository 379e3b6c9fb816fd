import type { Limits } from './backends/postgres/index.js';
import type { Plan } from './tsuru/plans.js';

/**
 * The plans that teams choose from; the first one is the default. A plan may have a zod schema, which checks and coerces
 * its parameters. An invalid parameter is a 400 that names the field:
 *
 *   import { z } from 'zod';
 *   import { integer } from './tsuru/plans.js';
 *
 *   { name: 'large', description: '...', parameters: z.object({ size: integer().default(10) }) }
 */
export const plans: Plan[] = [
  { name: "small", description: "For trying things out" },
  { name: "large", description: "For production" },
];

/**
 * What each plan allows; src/backends/postgres/limits.ts explains the fields. An instance gets new limits with its next
 * update: `tsuru service instance update postgres-service <instance> -p <plan>`.
 */
export const limits: Record<string, Limits> = {
  "small": { connections: 20, connectionsPerApp: 10, statementTimeout: 60000 },
  "large": { connections: 50, connectionsPerApp: 25, statementTimeout: 60000 },
};
