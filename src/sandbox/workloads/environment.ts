import { goJson } from '../http/answer.ts';
import { quoted } from '../http/go-text.ts';
import { lineOfErrors, textOfErrors } from '../multi-error.ts';
import { byName } from '../names.ts';
import type { App, BoundVariable, Job, Variable } from '../state/records.ts';

/** A variable as Tsuru's API shows it. */
export interface EnvironmentVariable {
  name: string;
  value: string;
  alias: string;
  public: boolean;
  /** `SERVICE/INSTANCE` of a bind, or `tsuru`. */
  managedBy?: string;
}

type Workload = App | Job;
/** Takes a line for the user. */
type Write = (message: string) => void;

/** All that an app finds in its environment, sorted by name (tsuru/provision `EnvsForApp`). */
export function environmentOfApp(app: App): EnvironmentVariable[] {
  const own = [
    { name: 'TSURU_APPNAME', value: app.name },
    { name: 'TSURU_APPDIR', value: '/home/application/current' },
  ];
  return merged([...workloadVariables(app), ...own.map((one) => ({ ...one, alias: '', public: true, managedBy: 'tsuru' }))]);
}

/** All that a job finds in its environment, sorted by name (tsuru/job `GetEnvs`). */
export function environmentOfJob(job: Job): EnvironmentVariable[] {
  return merged(workloadVariables(job));
}

/** The names of the variables that an instance brought, sorted. */
export function instanceVariables({ bound }: Workload, service: string, instance: string): string[] {
  const names = bound.filter(isOf(service, instance)).map(({ name }) => name);
  return [...new Set(names)].sort();
}

/** Adds the variables that a bind brought. Without any, nothing changes and nothing is written. */
export function addInstanceVariables(
  workload: Workload,
  { service, name: instance }: { service: string; name: string },
  variables: Readonly<Record<string, string>>,
  write: Write,
): void {
  const added = Object.entries(variables).map(([name, value]): BoundVariable => ({ service, instance, name, value }));
  if (added.length === 0) return;
  // TSURU_SERVICES changes too, and is counted.
  write(section(`Setting ${added.length + 1} new environment variables`));
  workload.bound.push(...added);
}

/** Removes the variables that an instance brought. Without any, nothing is written. */
export function removeInstanceVariables(workload: Workload, service: string, instance: string, write: Write): void {
  const kept = workload.bound.filter((one) => !isOf(service, instance)(one));
  const removed = workload.bound.length - kept.length;
  if (removed === 0) return;
  workload.bound = kept;
  write(section(`Unsetting ${removed} environment variables`));
}

/**
 * Sets variables of an app or a job (tsuru/app `SetEnvs`, tsuru/job `SetEnvs`).
 *
 * @throws Error if a bind of an app brought one of that name; for jobs, that is none
 */
export function setVariables(workload: Workload, variables: readonly Variable[], write: Write): void {
  write(section(`Setting ${variables.length} new environment variables`));
  const conflicts = variables.flatMap(({ name }) => {
    const holder = 'platform' in workload ? workload.bound.findLast((one) => one.name === name) : undefined;
    if (holder === undefined) return [];
    return [`Environment variable ${quoted(name)} is already in use by service bind "${holder.service}/${holder.instance}"`];
  });
  if (conflicts.length > 0) {
    write(section(`environment variables have conflicts with service binds: ${textOfErrors(conflicts)}`));
    throw new Error(textOfErrors(conflicts));
  }
  workload.variables = merged([...workload.variables, ...variables]);
}

/** Removes variables that were set; one that is not there counts too. */
export function unsetVariables(workload: Workload, names: readonly string[], write: Write): void {
  write(section(`Unsetting ${names.length} environment variables`));
  workload.variables = workload.variables.filter(({ name }) => !names.includes(name));
}

/** @returns what is wrong with the names of variables that a user sets, or undefined */
export function wrongNames(names: readonly string[]): string | undefined {
  const errors = names.flatMap((name) => {
    if (['TSURU_APPNAME', 'TSURU_SERVICES', 'TSURU_APPDIR'].includes(name)) {
      return [`cannot change an internal environment variable (${name}): write-protected environment variable`];
    }
    return /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) ? [] : [`${quoted(name)} is not valid environment variable name: ${NAME_RULE}`];
  });
  return errors.length === 0 ? undefined : lineOfErrors(errors);
}

const NAME_RULE =
  "a valid environment variable name must consist of alphabetic characters, digits, '_' and must not start with a digit: " +
  'invalid environment variable name';

function section(text: string): string {
  return `---- ${text} ----\n`;
}

/** Variables of the user, over them those of binds, and what Tsuru says of all binds. */
function workloadVariables({ variables, bound }: Workload): EnvironmentVariable[] {
  return [
    ...variables.map(shown),
    ...bound.map(({ service, instance, name, value }) => ({ name, value, ...SECRET, managedBy: `${service}/${instance}` })),
    { name: 'TSURU_SERVICES', value: servicesValue(bound), ...SECRET, managedBy: 'tsuru' },
  ];
}

const SECRET = { alias: '', public: false };

/** A variable of a user as the API shows it. */
export function shown({ name, value, isPublic }: Variable): EnvironmentVariable {
  return { name, value, alias: '', public: isPublic };
}

/** The value of TSURU_SERVICES: services by name, their instances in the order of the binds (tsuru/envs `ServiceEnvsFromEnvVars`). */
function servicesValue(bound: readonly BoundVariable[]): string {
  const services = groupedBy(bound, ({ service }) => service);
  return goMap(services, (ofService) => {
    const instances = [...groupedBy(ofService, ({ instance }) => instance)].map(([instance, ofInstance]) => {
      const values = new Map(ofInstance.map(({ name, value }) => [name, value]));
      return `{"instance_name":${goJson(instance)},"envs":${goMap(values, goJson)}}`;
    });
    return `[${instances.join(',')}]`;
  });
}

function groupedBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** A map as Go writes it in JSON: sorted, also where its keys look like numbers. */
function goMap<T>(map: ReadonlyMap<string, T>, json: (value: T) => string): string {
  return `{${[...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${goJson(key)}:${json(value)}`).join(',')}}`;
}

function isOf(service: string, instance: string): (variable: BoundVariable) => boolean {
  return (variable) => variable.service === service && variable.instance === instance;
}

/** Sorted by name; of those of one name, the last one counts. */
function merged<T extends { name: string }>(variables: readonly T[]): T[] {
  return [...new Map(variables.map((one) => [one.name, one])).values()].sort(byName);
}
