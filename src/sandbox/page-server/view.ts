import { environmentOfApp, environmentOfJob, type EnvironmentVariable } from '../workloads/environment.ts';
import { FAULTS, type Fault, type Step } from '../faults.ts';
import type { LogLine, ServiceProcess } from './feed.ts';
import type { App, Instance, Job, Json, ProxiedOperation, Service } from '../state/records.ts';
import type { Exchanged } from '../traffic.ts';
import type { World } from '../world.ts';

/** What the page shows of the state. No secret is in it: a variable is its name and where it comes from. */
export interface View {
  process: ServiceProcess | undefined;
  services: ServiceView[];
  instances: InstanceView[];
  workloads: WorkloadView[];
  teams: string[];
  pools: string[];
  faults: { fault: Fault; text: string; steps: { step: Step; isArmed: boolean }[] }[];
}

export interface ServiceView {
  name: string;
  address: string;
  /** Why nothing listens at its address, such as `ECONNREFUSED`; undefined if something does, or if nothing is known. */
  away: string | undefined;
  isMultiCluster: boolean;
  encoding: 'form' | 'json';
  operations: ProxiedOperation[];
}

export interface InstanceView {
  name: string;
  service: string;
  plan: string;
  description: string;
  team: string;
  teams: string[];
  tags: string[];
  parameters: Record<string, Json>;
  pool: string;
  apps: string[];
  jobs: string[];
}

/** An app or a job. */
export interface WorkloadView {
  kind: 'app' | 'job';
  name: string;
  team: string;
  pool: string;
  description: string;
  /** Of a job. */
  schedule: string;
  /** All that it finds in its environment. `from` is `SERVICE/INSTANCE`, `tsuru`, or `''` if its user set it; `value` is there if it is public. */
  variables: { name: string; from: string; value: string | undefined }[];
}

/** A call to a service in the list of all: what is long in it, or secret, is asked for apart. */
export interface CallView {
  number: number;
  time: string;
  service: string;
  method: string;
  path: string;
  status: number | undefined;
  failure: string | undefined;
  milliseconds: number;
  reading: string;
  fault: string | undefined;
  /** The request to Tsuru that it was made for, such as `PUT /1.0/services/mydb`. */
  cause: string | undefined;
  command: string | undefined;
}

/** A call as a whole. */
export interface CallDetails extends CallView {
  url: string;
  request: { headers: [string, string][]; body: string };
  reply: { headers: [string, string][]; body: string } | undefined;
  /** Whether values of variables in the reply are `***`. */
  isHidden: boolean;
  curl: string;
}

/** One line of the feed. The first has everything that is kept. */
export type FeedLine =
  | { type: 'all'; view: View; calls: CallView[]; lines: LogLine[] }
  | { type: 'view'; view: View }
  | { type: 'call'; call: CallView }
  | { type: 'line'; line: LogLine };

/** @param clean removes secrets from free text @param away the reason why a service is away, by its name */
export function viewOf({ state, faults }: World, process: ServiceProcess | undefined, away: ReadonlyMap<string, string>, clean: (text: string) => string): View {
  const armed = new Set(faults.list().map(({ fault, step }) => `${fault} ${step}`));
  return {
    process: process && { ...process, text: clean(process.text) },
    services: state.services.map((service) => serviceView(service, away.get(service.name))),
    instances: state.instances.map((instance) => instanceView(instance, clean)),
    workloads: [
      ...state.apps.map((app) => workloadView('app', app, environmentOfApp(app), clean)),
      ...state.jobs.map((job) => workloadView('job', job, environmentOfJob(job), clean)),
    ],
    teams: state.teams.map(({ name }) => name),
    pools: state.pools.map(({ name }) => name),
    faults: Object.entries(FAULTS).map(([fault, { steps, text }]) => ({ fault: fault as Fault, text, steps: steps.map((step) => ({ step, isArmed: armed.has(`${fault} ${step}`) })) })),
  };
}

function serviceView({ name, endpoints, isMultiCluster, encoding, manifest }: Service, away: string | undefined): ServiceView {
  const address = (endpoints['production'] ?? '').replace(/^(https?:\/\/)?[^/]*@/, '$1');
  return { name, address, away, isMultiCluster, encoding: encoding === 'json' ? 'json' : 'form', operations: manifest?.operations ?? [] };
}

function instanceView(instance: Instance, clean: (text: string) => string): InstanceView {
  const { name, service, plan, teamOwner, teams, tags, parameters, pool, apps, jobs } = instance;
  const shown = JSON.parse(JSON.stringify(parameters), (_, value: Json) => (typeof value === 'string' ? clean(value) : value)) as Record<string, Json>;
  return { name, service, plan, description: clean(instance.description), team: teamOwner, teams, tags, parameters: shown, pool, apps, jobs };
}

function workloadView(kind: 'app' | 'job', workload: App | Job, environment: EnvironmentVariable[], clean: (text: string) => string): WorkloadView {
  const { name, teamOwner, pool, description } = workload;
  const variables = environment.map((one) => ({ name: clean(one.name), from: one.managedBy ?? '', value: one.public ? clean(one.value) : undefined }));
  return { kind, name, team: teamOwner, pool, description: clean(description), schedule: 'schedule' in workload ? workload.schedule : '', variables };
}

export function callView(exchanged: Exchanged, clean: (text: string) => string): CallView {
  const { number, time, service, request, reply, failure, milliseconds, reading, fault, cause } = exchanged;
  return {
    ...{ number, time, service, method: request.method, path: clean(request.url.replace(/^\w+:\/\/[^/]*/, '')) },
    ...{ status: reply?.status, failure, milliseconds: Math.round(milliseconds), reading: clean(reading), fault },
    cause: cause && clean(`${cause.method} ${cause.path}`),
    command: cause?.command === undefined ? undefined : clean(cause.command),
  };
}
