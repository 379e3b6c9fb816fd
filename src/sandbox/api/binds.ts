import { bindApp, callAt, unbindApp } from '../app-binds.ts';
import { instanceVariables } from '../environment.ts';
import { underEvent, type EventOptions } from '../events.ts';
import { Crash } from '../faults.ts';
import { aboutApp, aboutInstance, aboutJob, appContexts, findApp, findJob, findService, jobContexts, serviceContexts } from '../find.ts';
import { empty, type Answer } from '../http/answer.ts';
import { decoded, struct } from '../http/decode.ts';
import { fieldsOf, inputValue } from '../http/input.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import type { Route } from '../http/router.ts';
import { isTrue } from '../http/values.ts';
import { bindJob, unbindJob } from '../job-binds.ts';
import { requireAllowed, teamContexts } from '../permissions.ts';
import type { App, Context, Instance, Job } from '../records.ts';
import type { World } from '../world.ts';
import { instanceOf } from './instances.ts';

const BIND = struct('', { NoRestart: 'bool', Parameters: 'map[string]interface {}' });

async function bindToApp(request: ApiRequest, world: World): Promise<undefined> {
  const { NoRestart, Parameters } = decoded(request, BIND);
  const instance = instanceOf(request, world);
  const app = findApp(world.state, param(request, 'app'));
  requireOfInstance(request, world, instance, 'bind');
  requireAllowed(world.state, userOf(request), 'app.update.bind', appContexts(app));
  await underEvent(world, request, { ...appEvent(instance, app, 'app.update.bind'), stream: request.stream }, async (event) => {
    await withStatus(request, world, instance, bindApp(world, request, { instance, app, restart: !NoRestart, parameters: Parameters, event }));
    const write = (message: string) => {
      request.stream().write(message);
    };
    write(`\nInstance "${instance.name}" is now bound to the app "${app.name}".\n`);
    const names = instanceVariables(app, instance.service, instance.name);
    if (names.length === 0) return;
    write('The following environment variables are available for use in your app:\n\n');
    for (const name of [...names, 'TSURU_SERVICES']) write(`- ${name}\n`);
  });
  return undefined;
}

async function unbindFromApp(request: ApiRequest, world: World): Promise<undefined> {
  const [restart, force] = [!isSet(request, 'noRestart'), isSet(request, 'force')];
  const instance = instanceOf(request, world);
  const app = findApp(world.state, param(request, 'app'));
  requireOfInstance(request, world, instance, 'unbind');
  requireAllowed(world.state, userOf(request), 'app.update.unbind', appContexts(app));
  await underEvent(world, request, { ...appEvent(instance, app, 'app.update.unbind'), data: fieldsOf(request, [], { read: ['noRestart', 'force'] }), stream: request.stream }, async (event) => {
    await unbindApp(world, request, { instance, app, restart, force, event });
    event.write(`\nInstance "${instance.name}" is not bound to the app "${app.name}" anymore.\n`);
  });
  return undefined;
}

async function bindToJob(request: ApiRequest, world: World): Promise<Answer> {
  const instance = instanceOf(request, world);
  requireOfInstance(request, world, instance, 'bind');
  const job = findJob(world.state, param(request, 'job'));
  requireAllowed(world.state, userOf(request), 'job.update', jobContexts(job));
  await underEvent(world, request, { ...jobEvent(instance, job), data: null }, async (event) => {
    await withStatus(request, world, instance, bindJob(world, request, { instance, job, event }));
  });
  return empty();
}

/** With `force`, also the service must be one of the user's own. */
async function unbindFromJob(request: ApiRequest, world: World): Promise<undefined> {
  const { state } = world;
  const force = isSet(request, 'force');
  const job = findJob(state, param(request, 'job'));
  const instance = instanceOf(request, world);
  requireOfInstance(request, world, instance, 'unbind');
  requireAllowed(state, userOf(request), 'job.update', jobContexts(job));
  if (force) requireAllowed(state, userOf(request), 'service.update', serviceContexts(findService(state, instance.service)));
  await underEvent(world, request, { ...jobEvent(instance, job), data: fieldsOf(request, [], { read: ['force'] }), stream: request.stream }, async (event) => {
    await unbindJob(world, request, { instance, job, force, event });
    event.write(`\nInstance "${instance.name}" is not bound to the job "${job.name}" anymore.\n`);
  });
  return undefined;
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
  const contexts: Context[] = [...teamContexts([...teams, teamOwner]), { CtxType: 'service-instance', Value: name }];
  requireAllowed(state, userOf(request), `service-instance.update.${action}`, contexts);
}

function isSet(request: ApiRequest, name: string): boolean {
  return isTrue(inputValue(request, name));
}

function appEvent(instance: Instance, app: App, kind: string): EventOptions {
  return { ...aboutApp(app), extra: [aboutInstance(instance).target], kind };
}

function jobEvent(instance: Instance, job: Job): EventOptions {
  return { ...aboutJob(job), extra: [aboutInstance(instance).target], kind: 'job.update' };
}

const PATH = '/services/{service}/instances/{instance}';

export const BINDS_ROUTES: Route[] = [
  { version: '1.0', method: 'PUT', path: `${PATH}/{app}`, handler: bindToApp },
  { version: '1.0', method: 'DELETE', path: `${PATH}/{app}`, handler: unbindFromApp },
  { version: '1.13', method: 'PUT', path: `${PATH}/apps/{app}`, handler: bindToApp },
  { version: '1.13', method: 'DELETE', path: `${PATH}/apps/{app}`, handler: unbindFromApp },
  { version: '1.13', method: 'PUT', path: `${PATH}/jobs/{job}`, handler: bindToJob },
  { version: '1.13', method: 'DELETE', path: `${PATH}/jobs/{job}`, handler: unbindFromJob },
];
