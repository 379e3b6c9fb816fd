import type { Subject } from '../state/find.ts';
import { ApiError, empty, type Answer } from '../http/answer.ts';
import { fieldsOf } from '../http/input.ts';
import { userOf, type ApiRequest } from '../http/request.ts';
import type { JsonStream } from '../http/stream.ts';
import { requireAllowed } from '../permissions/permissions.ts';
import type { EventRecord, EventTarget } from '../state/records.ts';
import type { World } from '../world.ts';

/** What an event is about. Its contexts are those in which a permission lets see it. */
export interface EventOptions extends Subject {
  /** Others that are locked too. */
  extra?: readonly EventTarget[];
  /** The permission that the action needs, which names the kind. */
  kind: string;
  /** Fields of the request that are not kept. */
  secrets?: readonly string[];
  /** What is kept of the request, instead of all its fields; null for nothing. */
  data?: EventRecord['start'];
  /** The address of the user, if it is not the one that makes the request. */
  owner?: string;
  /** Where the request came from is not kept. */
  hasNoSource?: true;
  /** The permission to cancel it, in the contexts of the event. */
  cancel?: string;
  /** Gets what the event logs; it is opened once the targets are locked. */
  stream?: () => JsonStream;
}

/** An event that is running. */
export interface RunningEvent {
  id: string;
  /** The address of the user that the service is told. */
  user: string;
  /** Logs a message, which goes to the user at once. */
  write: (message: string) => void;
}

/** Milliseconds between two attempts to lock an app, and in all. */
const RETRY = { pause: 100, limit: 10_000 };

/**
 * Makes a change under an event that records it, and that locks its targets meanwhile (tsuru/event).
 *
 * @throws ApiError with 500 if a target is locked, and what `work` throws
 */
export async function underEvent<T>(
  world: World,
  request: ApiRequest,
  options: EventOptions,
  work: (event: RunningEvent) => Promise<T> | T,
): Promise<T> {
  const record = await begin(world, request, options);
  world.changed();
  const stream = options.stream?.();
  try {
    const result = await work({
      id: record.UniqueID,
      user: record.Owner.Name,
      write(message) {
        (record.StructuredLog ??= []).push({ Date: world.now().toISOString(), Message: message });
        stream?.write(message);
      },
    });
    end(world, record, '');
    return result;
  } catch (error) {
    end(world, record, (error as Error).message);
    throw error;
  }
}

/** Makes a change under its event if the user may make it, and answers without a body. @throws ApiError with 403, and what `work` throws */
export async function changeUnderEvent(
  request: ApiRequest,
  world: World,
  options: EventOptions,
  work: (event: RunningEvent) => Promise<void> | void,
  status = 200,
): Promise<Answer> {
  requireAllowed(request, world.state, options.kind, options.contexts);
  await underEvent(world, request, options, work);
  return empty(status);
}

async function begin(world: World, request: ApiRequest, options: EventOptions): Promise<EventRecord> {
  const { target, contexts } = options;
  for (let waited = 0; ; waited += RETRY.pause) {
    const holder = lockOf(world, options);
    if (holder === undefined) break;
    if (target.Type !== 'app' || waited >= RETRY.limit) {
      const { Target: { Type, Value }, Kind, Owner, StartTime } = holder;
      const since = StartTime.replace(/\.\d+Z$/, 'Z');
      throw new ApiError(500, `event locked: ${Type}(${Value}) running "${Kind.Name}" start by ${Owner.Type} ${Owner.Name} at ${since}`);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY.pause));
  }
  const record: EventRecord = {
    UniqueID: world.newId(),
    Lock: target,
    StartTime: world.now().toISOString(),
    EndTime: ZERO_TIME,
    Target: target,
    ExtraTargets: options.extra?.map((one) => ({ Target: one, Lock: true })) ?? null,
    Kind: { Type: 'permission', Name: options.kind },
    Owner: { Type: 'user', Name: options.owner ?? userOf(request).email },
    SourceIP: options.hasNoSource === true ? '' : request.remote,
    Error: '',
    Log: '',
    StructuredLog: null,
    Running: true,
    Allowed: { Scheme: `${target.Type}.read.events`, Contexts: [...contexts] },
    AllowedCancel: options.cancel === undefined ? null : { Scheme: options.cancel, Contexts: [...contexts] },
    start: options.data === undefined ? fieldsOf(request, options) : options.data,
  };
  world.state.events.push(record);
  return record;
}

/** Go's zero time. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

function lockOf({ state }: World, { target, extra = [] }: EventOptions): EventRecord | undefined {
  const wanted = [target, ...extra].map(keyOf);
  return state.events.find(
    ({ Running, Target, ExtraTargets }) =>
      Running && [Target, ...(ExtraTargets ?? []).map((one) => one.Target)].some((held) => wanted.includes(keyOf(held))),
  );
}

function keyOf({ Type, Value }: EventTarget): string {
  return `${Type} ${Value}`;
}

function end(world: World, record: EventRecord, error: string): void {
  record.Error = error;
  record.EndTime = world.now().toISOString();
  record.Running = false;
  record.Lock = null;
  record.Log = (record.StructuredLog ?? []).map(({ Date: date, Message }) => prefixed(Message, date)).join('');
  world.changed();
}

/** Each line with the time, in the form that Tsuru prints it in UTC. */
function prefixed(message: string, date: string): string {
  const prefix = `${date.replace('T', ' ').replace(/\.\d+Z$/, '')} +0000: `;
  return message.replace(/^/gm, prefix).replace(new RegExp(`${prefix.replace('+', '\\+')}$`), '');
}
