import { inputOf, inputValues } from './http/input.ts';
import type { ApiRequest } from './http/request.ts';
import type { Permission } from './permissions.ts';
import type { EventRecord, Target } from './records.ts';

/** The most events that one answer has. */
const LIMIT = 100;

/** The events that a request asks for, among those that the permissions let see (tsuru/event `Filter`). */
export function filteredEvents(events: readonly EventRecord[], request: ApiRequest, permissions: readonly Permission[]): EventRecord[] {
  const input = inputOf(request);
  const asked = (name: string): string => input.text(name);
  const kinds = kindNames(request).filter((name) => name !== '');
  const [since, until] = [Date.parse(asked('since')), Date.parse(asked('until'))];
  const isAbout = (field: keyof Target, value: string) => (event: EventRecord) =>
    value === '' || [event.Target, ...(event.ExtraTargets ?? []).map((extra) => extra.Target)].some((target) => target[field] === value);
  const target = lowered(input.object('target') ?? {});
  const tests: ((event: EventRecord) => boolean)[] = [
    (event) => maySee(permissions, event),
    isAbout('Type', target['type'] ?? ''),
    isAbout('Value', target['value'] ?? ''),
    ({ Kind }) => asked('kindtype') === '' || Kind.Type === asked('kindtype'),
    ({ Kind }) => kinds.length === 0 || kinds.includes(Kind.Name),
    ({ Owner }) => asked('ownertype') === '' || Owner.Type === asked('ownertype'),
    ({ Owner }) => asked('ownername') === '' || Owner.Name === asked('ownername'),
    ({ StartTime }) => Number.isNaN(since) || Date.parse(StartTime) >= since,
    ({ StartTime }) => Number.isNaN(until) || Date.parse(StartTime) <= until,
    ({ Running }) => asked('running') === '' || Running === input.isTrue('running'),
    ({ Error }) => !input.isTrue('erroronly') || Error !== '',
  ];
  const found = sorted(events.filter((event) => tests.every((test) => test(event))), asked('sort') || '-starttime');
  const [limit, skip] = ['limit', 'skip'].map((name) => Number.parseInt(asked(name), 10) || 0) as [number, number];
  const first = Math.max(skip, 0);
  return found.slice(first, first + (limit > LIMIT || limit <= 0 ? LIMIT : limit));
}

/** As in Tsuru, a permission lets see all events whose scheme begins like it: with `service`, those of instances too. */
function maySee(permissions: readonly Permission[], { Allowed }: EventRecord): boolean {
  return permissions.some(
    ({ name, context }) =>
      Allowed.Scheme.startsWith(name) &&
      (context.CtxType === 'global' || Allowed.Contexts.some(({ CtxType, Value }) => CtxType === context.CtxType && Value === context.Value)),
  );
}

function kindNames(request: ApiRequest): string[] {
  return [...request.query.keys()].filter((name) => name.toLowerCase() === 'kindname').flatMap((name) => inputValues(request, name) ?? []);
}

/** Sorts by a field such as `starttime` or `kind.name`, downwards after `-`. Of equals, the newest is first if downwards. */
function sorted(events: readonly EventRecord[], by: string): EventRecord[] {
  const isDown = by.startsWith('-');
  const path = by.replace(/^-/, '').split('.');
  const valueOf = (event: EventRecord): string => {
    const member = (held: unknown, key: string): unknown => (typeof held === 'object' && held !== null ? lowered(held as Record<string, unknown>)[key] : '');
    const value = path.reduce<unknown>(member, event);
    return typeof value === 'string' ? value : JSON.stringify(value ?? '');
  };
  const keyed = events.map((event) => ({ event, value: valueOf(event) }));
  keyed.sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));
  const list = keyed.map(({ event }) => event);
  return isDown ? list.reverse() : list;
}

function lowered(given: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key.toLowerCase(), value as string]));
}
