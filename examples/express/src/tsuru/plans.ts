import { z } from 'zod';

import type { BackendPlan } from './backend.js';
import { ServiceError } from './errors.js';
import { problemsOf } from './schema.js';
import { isObject, withoutPrototypes, type JsonObject } from './values.js';

/** A plan in src/plans.ts. */
export interface Plan extends BackendPlan {
  /**
   * A zod schema for the parameters (`tsuru service instance add ... --plan-param size=10`). Without it any parameters
   * are accepted. The `tsuru` command sends only strings, and so does a form; `integer()` and the other types in this
   * file accept them.
   */
  parameters?: z.ZodType<Record<string, unknown>>;
}

/** The plans of the service, in the order in which `tsuru service plan list` shows them. */
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

  /** The response to `GET /resources/plans`. */
  list(): BackendPlan[] {
    return this.#plans.map(({ name, description }) => ({ name, description }));
  }

  /** @param name `''` for the first plan @throws ServiceError 400 that lists the plans */
  find(name: string): Plan {
    const plan = name === '' ? this.#plans[0] : this.#plans.find((candidate) => candidate.name === name);
    if (plan !== undefined) return plan;
    const known = this.#plans.map((candidate) => candidate.name).join(', ');
    throw new ServiceError(400, `There is no plan "${name}". The plans are: ${known}.`);
  }

  /** The plan of an existing instance, even when it was removed from src/plans.ts. */
  of(instance: { plan: string }): BackendPlan {
    const plan =
      instance.plan === '' ? this.#plans[0] : this.#plans.find((candidate) => candidate.name === instance.plan);
    return { name: plan?.name ?? instance.plan, description: plan?.description ?? '' };
  }
}

/** Parses parameters with the plan's schema. @throws ServiceError 400 that names the field */
export async function checkParameters(plan: Plan, parameters: JsonObject): Promise<JsonObject> {
  if (plan.parameters === undefined) return parameters;
  const result = await plan.parameters.safeParseAsync(parameters).catch((error: unknown) => {
    throw new ServiceError(500, `The service cannot check the parameters of plan "${plan.name}".`, {}, { cause: error });
  });
  if (result.success) return withoutPrototypes(JSON.parse(JSON.stringify(result.data))) as JsonObject;
  throw new ServiceError(400, `Plan "${plan.name}" does not accept these parameters. ${problemsOf(result.error)}.`);
}

/** A text. `''` is refused: in a form it may also be null or false. */
export function text(): z.ZodString {
  return z.string().min(1);
}

/**
 * A whole number: 10, '10' or '1e+06', as Tsuru writes a million in a form. For limits add `.pipe(z.number().min(1))`.
 */
export function integer(): z.ZodType<number> {
  return z.preprocess(
    (value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
    z.int({ error: 'must be a whole number' }),
  );
}

/** True, 'true' or '1'; false, 'false', '0' or `''`, which is false in a form. */
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

/**
 * A list. The `tsuru` command sends `zones.0=a zones.1=b` as an object with the keys 0 and 1, and a form sends `''` for
 * an empty list.
 */
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
