import { changeUnderEvent, underEvent } from '../events/events.ts';
import { about, found, has, remove } from '../state/find.ts';
import { ApiError, json, listed } from '../http/answer.ts';
import { inputValue } from '../http/input.ts';
import { param, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { isTrue } from '../http/values.ts';
import { byName } from '../names.ts';
import { requireAllowed } from '../permissions/permissions.ts';
import { planView } from '../plans.ts';
import type { AppPlan } from '../state/records.ts';
import type { World } from '../world.ts';

export const PLANS_ROUTES = routes({
  '1.0 GET /plans': listPlans,
  '1.0 POST /plans': addPlan,
  '1.0 DELETE /plans/{planname}': removePlan,
});

function listPlans(_: ApiRequest, { state }: World) {
  return listed([...state.plans].sort(byName).map(planView));
}

async function addPlan(request: ApiRequest, world: World) {
  const plan = planFrom(request);
  requireAllowed(request, world.state, 'plan.create');
  await underEvent(world, request, { ...about('plan', plan.name), kind: 'plan.create' }, () => {
    const { plans } = world.state;
    if (plan.name === '') throw new Error('invalid value for name');
    if (plan.memory > 0 && plan.memory < 4_194_304) throw new ApiError(400, 'The minimum allowed memory is 4MB');
    // Tsuru looks for the name only after it took the default from the others.
    if (plan.isDefault) for (const other of plans) other.isDefault = false;
    if (has(plans, plan.name)) throw new ApiError(409, 'plan already exists');
    plans.push(plan);
  });
  return json(planView(plan), { status: 201, isText: true });
}

/** The client gives the memory in bytes. */
function planFrom(request: ApiRequest): AppPlan {
  const given = (field: string) => inputValue(request, field);
  const number = (field: string) => (/^\d+$/.test(given(field)) ? Number(given(field)) : 0);
  return { name: given('name'), memory: number('memory'), cpumilli: number('cpumilli'), isDefault: isTrue(given('default')) };
}

function removePlan(request: ApiRequest, world: World) {
  const name = param(request, 'planname');
  return changeUnderEvent(request, world, { ...about('plan', name), kind: 'plan.delete' }, () => {
    remove(world.state.plans, found(world.state.plans, name, 'plan not found'));
  });
}
