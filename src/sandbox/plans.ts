import type { AppPlan, State } from './state/records.ts';

/** The plans that a new Tsuru has; their names say CPUs and GiB of memory (tsuru/app `plan.go`). */
export function firstPlans(): AppPlan[] {
  return FIRST.split(' ').map((name) => {
    const [, cpus = '', memory = ''] = /^c(.*)m(.*)$/.exec(name) ?? [];
    return { name, cpumilli: Number(cpus) * 1000, memory: (MEBIBYTES[memory] ?? Number(memory) * 1024) * 1_048_576, isDefault: name === 'c0.1m0.2' };
  });
}

const FIRST =
  'c0.1m0.1 c0.1m0.2 c0.3m0.5 c0.5m1 c1m2 c2m4 c4m8 c8m16 c1m1 c2m2 c4m4 c8m8 c16m16 c2m1 c4m2 c8m4 c16m8 c0.3m1 c0.5m2 c1m4 c2m8 c4m16';
const MEBIBYTES: Record<string, number> = { '0.1': 128, '0.2': 256, '0.5': 512 };

/** The plan of a name, or the default for `''`. @param failed makes the error where there is none */
export function planFor({ plans }: State, name: string, failed: (text: string) => Error = Error): AppPlan {
  const fallback = plans.find(({ isDefault }) => isDefault);
  if (fallback === undefined) throw failed('default plan not found');
  const plan = name === '' ? fallback : plans.find((one) => one.name === name);
  if (plan === undefined) throw failed('plan not found');
  return plan;
}

/** A plan as Tsuru's API shows it. */
export function planView({ name, memory, cpumilli, isDefault }: AppPlan) {
  return { name, memory, cpumilli, ...(isDefault && { default: true }) };
}
