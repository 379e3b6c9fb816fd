import type { App, EventRecord, Job, Json, AppPlan, State, EventTarget } from './records.ts';
import { CONTEXT_TYPES } from '../permissions/roles.ts';

/** Reads a value from a file. @throws Error that names its place, such as `state.users[0].email` */
type Read<Value> = (given: unknown, place: string) => Value;

/** Deeper than any value that a user has reason to send, and far from what a stack takes. */
const DEPTH_LIMIT = 1000;

const text: Read<string> = (given, place) => (typeof given === 'string' ? given : wrong(place, 'a text'));
const number: Read<number> = (given, place) => (typeof given === 'number' ? given : wrong(place, 'a number'));
const flag: Read<boolean> = (given, place) => (typeof given === 'boolean' ? given : wrong(place, 'true or false'));
const json = (given: unknown, place: string, depth = 0): Json => {
  if (depth > DEPTH_LIMIT) return wrong(place, 'less deep');
  if (Array.isArray(given)) return given.map((item) => json(item, place, depth + 1));
  if (typeof given !== 'object' || given === null) return given as Json;
  return withoutPrototype(Object.entries(given).map(([key, item]) => [key, json(item, place, depth + 1)]));
};
const parameter: Read<Json> = (given, place) => (given === undefined ? wrong(place, 'there') : json(given, place));

const words: Read<string | string[]> = (given, place) => (Array.isArray(given) ? list(text)(given, place) : text(given, place));

function orNull<Value>(read: Read<Value>): Read<Value | null> {
  return (given, place) => (given === null ? null : read(given, place));
}

function list<Item>(read: Read<Item>): Read<Item[]> {
  return (given, place) => (Array.isArray(given) ? given.map((item, index) => read(item, `${place}[${index}]`)) : wrong(place, 'a list'));
}

/** An object with any keys. It has no prototype, so that a key such as `__proto__` is one like any other. */
function map<Value>(read: Read<Value>): Read<Record<string, Value>> {
  return (given, place) => withoutPrototype(Object.entries(object(given, place)).map(([key, item]) => [key, read(item, `${place}.${key}`)]));
}

/** An object with these fields; others are dropped. */
function record<Fields extends object>(fields: { [Key in keyof Fields]-?: Read<Fields[Key]> }): Read<Fields> {
  const reads = Object.entries<Read<unknown>>(fields);
  return (given, place) => {
    const members = object(given, place);
    const valueOf = (key: string) => (Object.hasOwn(members, key) ? members[key] : undefined);
    return Object.fromEntries<unknown>(reads.map(([key, read]) => [key, read(valueOf(key), `${place}.${key}`)])) as Fields;
  };
}

function oneOf<Value extends string>(values: readonly Value[]): Read<Value> {
  return (given, place) => values.find((value) => value === given) ?? wrong(place, `one of ${values.join(', ')}`);
}

const CONTEXT_TYPE = oneOf(CONTEXT_TYPES);
const target = record<EventTarget>({ Type: text, Value: text });
const texts = list(text);

const plan = record<AppPlan>({ name: text, memory: number, cpumilli: number, isDefault: flag });
const allowed = record({ Scheme: text, Contexts: list(record({ CtxType: CONTEXT_TYPE, Value: text })) });

const workload = {
  ...{ name: text, teamOwner: text, teams: texts, owner: text, pool: text, plan, description: text, tags: texts },
  variables: list(record({ name: text, value: text, isPublic: flag })),
  bound: list(record({ service: text, instance: text, name: text, value: text })),
};

/** Reads a state as it was kept. @throws Error that says what is wrong in it, and where */
export const readState: Read<State> = record<State>({
  users: list(record({ email: text, password: text, tokens: texts, roles: list(record({ name: text, value: text })) })),
  roles: list(record({ name: text, context: CONTEXT_TYPE, description: text, permissions: texts, actions: texts })),
  teams: list(record({ name: text, tags: texts })),
  pools: list(record({ name: text, isDefault: flag, isPublic: flag, provisioner: text, labels: map(text) })),
  clusters: list(
    record({ name: text, addresses: texts, provisioner: text, pools: texts, custom_data: orNull(map(text)), default: flag }),
  ),
  plans: list(plan),
  services: list(
    record({
      ...{ name: text, username: text, password: text, endpoints: map(text), ownerTeams: texts, teams: texts, doc: text },
      ...{ isMultiCluster: flag, encoding: text },
      manifest: orNull(
        record({
          ...{ enabled: flag, strict_actions: flag, legacy_compat: flag },
          operations: orNull(list(record({ method: text, path: text, action: text }))),
        }),
      ),
    }),
  ),
  instances: list(
    record({
      ...{ name: text, service: text, plan: text, apps: texts, jobs: texts, teams: texts, teamOwner: text, description: text },
      ...{ tags: texts, parameters: map(parameter), pool: text },
    }),
  ),
  apps: list(record<App>({ ...workload, platform: text })),
  jobs: list(
    record<Job>({ ...workload, schedule: text, isManual: flag, image: text, command: texts }),
  ),
  events: list(
    record<EventRecord>({
      ...{ UniqueID: text, Lock: orNull(target), StartTime: text, EndTime: text, Target: target },
      ExtraTargets: orNull(list(record({ Target: target, Lock: flag }))),
      Kind: record({ Type: text, Name: text }),
      Owner: record({ Type: text, Name: text }),
      ...{ SourceIP: text, Error: text, Log: text, Running: flag },
      StructuredLog: orNull(list(record({ Date: text, Message: text }))),
      Allowed: allowed,
      AllowedCancel: orNull(allowed),
      start: orNull(list(record({ name: text, value: words }))),
    }),
  ),
});

function object(given: unknown, place: string): Record<string, unknown> {
  return typeof given === 'object' && given !== null && !Array.isArray(given) ? (given as Record<string, unknown>) : wrong(place, 'an object');
}

function withoutPrototype<Value>(entries: readonly (readonly [string, Value])[]): Record<string, Value> {
  const made = Object.create(null) as Record<string, Value>;
  for (const [key, value] of entries) made[key] = value;
  return made;
}

function wrong(place: string, rule: string): never {
  throw new Error(`${place.slice(0, 200)} is not ${rule}`);
}
