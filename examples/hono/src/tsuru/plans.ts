import { z } from 'zod';

import type { BackendPlan } from './backend.js';
import { ServiceError } from './errors.js';
import { isObject, withoutPrototypes, type JsonObject } from './values.js';

/** A plan as src/plans.ts gives it. */
export interface Plan extends BackendPlan {
  /**
   * A zod schema for the parameters (`tsuru service instance add ... --plan-param size=10`). Without it any are taken,
   * as they came. The `tsuru` command sends strings only, and a form has no types at all: `integer()` and the like
   * from this file take those spellings too.
   */
  parameters?: z.ZodType<Record<string, unknown>>;
}

/** The plans of the service, in the order that `tsuru service plan list` shows. */
export class Plans {
  readonly #plans: readonly [Plan, ...Plan[]];

  constructor(plans: readonly Plan[]) {
    const [first, ...others] = plans;
    if (first === undefined) throw new Error('src/plans.ts must have at least one plan');
    const names = plans.map((plan) => plan.name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new Error(`src/plans.ts has the plan "${twice}" twice`);
    this.#plans = [first, ...others];
  }

  /** What `GET /resources/plans` answers. */
  list(): BackendPlan[] {
    return this.#plans.map(({ name, description }) => ({ name, description }));
  }

  /** The plan of that name; the first one for `''`. @throws ServiceError 400 that lists the plans */
  find(name: string): Plan {
    const plan = name === '' ? this.#plans[0] : this.#plans.find((candidate) => candidate.name === name);
    if (plan !== undefined) return plan;
    const known = this.#plans.map((candidate) => candidate.name).join(', ');
    throw new ServiceError(400, `There is no plan "${name}". The plans are: ${known}.`);
  }

  /** The plan of an instance that exists: its name is enough when src/plans.ts has it no more. */
  of(instance: { plan: string }): BackendPlan {
    const plan =
      instance.plan === '' ? this.#plans[0] : this.#plans.find((candidate) => candidate.name === instance.plan);
    return { name: plan?.name ?? instance.plan, description: plan?.description ?? '' };
  }
}

/** Checks parameters against the plan's schema and gives what the schema makes of them. @throws ServiceError 400 that names the field */
export async function checkParameters(plan: Plan, parameters: JsonObject): Promise<JsonObject> {
  if (plan.parameters === undefined) return parameters;
  const result = await plan.parameters.safeParseAsync(parameters).catch((error: unknown) => {
    throw new ServiceError(500, `The service cannot check the parameters of plan "${plan.name}".`, {}, { cause: error });
  });
  if (result.success) return withoutPrototypes(JSON.parse(JSON.stringify(result.data))) as JsonObject;
  const problems = result.error.issues.map(({ path, message }) => {
    const field = path.map(String).join('.');
    return field === '' ? message : `"${field}": ${message}`;
  });
  throw new ServiceError(400, `Plan "${plan.name}" does not take these parameters. ${problems.join('; ')}.`);
}

/** A text parameter; `''`, which is also how nothing arrives in a form, is refused. */
export function text(): z.ZodString {
  return z.string().min(1);
}

/** A whole number: 10, '10', and '1e+06', which is how Tsuru writes a million in a form. Chain `.pipe(z.number().min(1))` for limits. */
export function integer(): z.ZodType<number> {
  return z.preprocess(
    (value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
    z.int({ error: 'must be a whole number' }),
  );
}

/** Yes or no: true, 'true', '1' and false, 'false', '0', and `''`, which is how false arrives in a form. */
export function flag(): z.ZodType<boolean> {
  const spellings = new Map<unknown, boolean>([
    [true, true],
    ['true', true],
    ['1', true],
    [false, false],
    ['false', false],
    ['0', false],
    ['', false],
  ]);
  return z.preprocess((value) => spellings.get(value) ?? value, z.boolean({ error: 'must be true or false' }));
}

/** A list: a JSON list, or the object with the keys 0, 1, 2, ... that the `tsuru` command makes of `zones.0=a zones.1=b`; `''` is empty. */
export function list<Item extends z.ZodType>(item: Item): z.ZodType<z.output<Item>[]> {
  return z.preprocess((value) => {
    if (value === '') return [];
    if (!isObject(value)) return value;
    const keys = Object.keys(value);
    return keys.every((_, index) => Object.hasOwn(value, String(index)))
      ? keys.map((_, index) => value[String(index)])
      : value;
  }, z.array(item));
}
