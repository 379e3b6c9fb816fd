import type { Plan } from './tsuru/plans.js';

/**
 * The plans that teams choose from; the first one is taken when they choose none. A plan may have a zod schema for
 * its parameters; it checks and coerces them, and a wrong one is a 400 that names the field:
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
