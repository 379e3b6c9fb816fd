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
