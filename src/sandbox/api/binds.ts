import { instanceVariables } from '../workloads/environment.ts';
import { changeUnderEvent, type EventOptions } from '../events/events.ts';
import { Crash } from '../faults.ts';
import { aboutApp, aboutInstance, aboutJob, findApp, findJob, findService, found, serviceContexts, type Subject } from '../state/find.ts';
import type { Answer } from '../http/answer.ts';
import { decoded, struct } from '../http/decode.ts';
import { fieldsOf, inputValue } from '../http/input.ts';
import { param, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { isTrue } from '../http/values.ts';
import { requireAllowed, teamContexts } from '../permissions/permissions.ts';
import type { App, PermissionContext, Instance } from '../state/records.ts';
import { bind, callAt, unbind, type Bind } from '../workloads/workload-binds.ts';
import type { World } from '../world.ts';
import { instanceOf } from './instances.ts';

const BIND = struct('', { NoRestart: 'bool', Parameters: 'map[string]interface {}' });

async function bindToApp(request: ApiRequest, world: World): Promise<undefined> {
  const { NoRestart, Parameters: parameters } = decoded(request, BIND);
  const instance = instanceOf(request, world);
  const app = findApp(world.state, param(request, 'app'));
  requireOfInstance(request, world, instance, 'bind');
  await changeUnderEvent(request, world, { ...eventOf(instance, aboutApp(app), 'app.update.bind'), stream: request.stream }, async (event) => {
    const workload = foundAgain(world, app);
    await withStatus(request, world, instance, bind(world, request, { instance, of: 'app', workload, restart: !NoRestart, parameters, event }));
    const write = (message: string) => {
      request.stream().write(message);
    };
    write(`\nInstance "${instance.name}" is now bound to the app "${app.name}".\n`);
    const names = instanceVariables(workload, instance.service, instance.name);
    if (names.length === 0) return;
    write('The following environment variables are available for use in your app:\n\n');
    for (const name of [...names, 'TSURU_SERVICES']) write(`- ${name}\n`);
  });
}

function unbindFromApp(request: ApiRequest, world: World): Promise<Answer> {
  const instance = instanceOf(request, world);
  const app = findApp(world.state, param(request, 'app'));
  return unbindFrom(request, world, { instance, of: 'app', workload: app, restart: !isSet(request, 'noRestart') }, {
    ...eventOf(instance, aboutApp(app), 'app.update.unbind'),
    data: fieldsOf(request, { read: ['noRestart', 'force'] }),
  });
}

function bindToJob(request: ApiRequest, world: World): Promise<Answer> {
  const instance = instanceOf(request, world);
  requireOfInstance(request, world, instance, 'bind');
  const job = findJob(world.state, param(request, 'job'));
  return changeUnderEvent(request, world, { ...eventOf(instance, aboutJob(job), 'job.update'), data: null }, (event) =>
    withStatus(request, world, instance, bind(world, request, { instance, of: 'job', workload: job, restart: true, parameters: null, event })),
  );
}

/** With `force`, also the service must be one of the user's own. */
function unbindFromJob(request: ApiRequest, world: World): Promise<Answer> {
  const { state } = world;
  const job = findJob(state, param(request, 'job'));
  const instance = instanceOf(request, world);
  if (isSet(request, 'force')) requireAllowed(request, state, 'service.update', serviceContexts(findService(state, instance.service)));
  return unbindFrom(request, world, { instance, of: 'job', workload: job, restart: true }, {
    ...eventOf(instance, aboutJob(job), 'job.update'),
    data: fieldsOf(request, { read: ['force'] }),
  });
}

function unbindFrom(request: ApiRequest, world: World, asked: Omit<Bind, 'event'>, options: EventOptions): Promise<Answer> {
  const { instance, of } = asked;
  requireOfInstance(request, world, instance, 'unbind');
  return changeUnderEvent(request, world, { ...options, stream: request.stream }, async (event) => {
    const workload = of === 'app' ? foundAgain(world, asked.workload) : asked.workload;
    await unbind(world, request, { ...asked, workload, event, force: isSet(request, 'force') });
    event.write(`\nInstance "${instance.name}" is not bound to the ${of} "${workload.name}" anymore.\n`);
  });
}

/** An app after its lock was waited for: it may be another by then, or gone. */
function foundAgain({ state }: World, { name }: { name: string }): App {
  return found(state.apps, name, 'App not found');
}

/** Adds to the error of a bind what the service says of the instance. */
async function withStatus(request: ApiRequest, world: World, instance: Instance, bind: Promise<void>): Promise<void> {
  try {
    await bind;
  } catch (error) {
    if (error instanceof Crash) throw error;
    throw new Error(`${(error as Error).message} (${await statusText(request, world, instance)})`, { cause: error });
  }
}

async function statusText(request: ApiRequest, world: World, instance: Instance): Promise<string> {
  try {
    return `"${instance.name}" is ${await callAt(world, request, instance).status(instance)}`;
  } catch (error) {
    return `failed to retrieve instance status: ${(error as Error).message}`;
  }
}

/** For binds, Tsuru knows an instance without the name of its service. */
function requireOfInstance(request: ApiRequest, { state }: World, { teams, teamOwner, name }: Instance, action: 'bind' | 'unbind'): void {
  const contexts: PermissionContext[] = [...teamContexts([...teams, teamOwner]), { CtxType: 'service-instance', Value: name }];
  requireAllowed(request, state, `service-instance.update.${action}`, contexts);
}

function isSet(request: ApiRequest, name: string): boolean {
  return isTrue(inputValue(request, name));
}

function eventOf(instance: Instance, subject: Subject, kind: string): EventOptions {
  return { ...subject, extra: [aboutInstance(instance).target], kind };
}

const PATH = '/services/{service}/instances/{instance}';

export const BINDS_ROUTES = routes({
  [`1.0 PUT ${PATH}/{app}`]: bindToApp,
  [`1.0 DELETE ${PATH}/{app}`]: unbindFromApp,
  [`1.13 PUT ${PATH}/apps/{app}`]: bindToApp,
  [`1.13 DELETE ${PATH}/apps/{app}`]: unbindFromApp,
  [`1.13 PUT ${PATH}/jobs/{job}`]: bindToJob,
  [`1.13 DELETE ${PATH}/jobs/{job}`]: unbindFromJob,
});
