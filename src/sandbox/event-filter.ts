import { decoded } from './http/decode.ts';
import { formOf } from './http/input.ts';
import type { ApiRequest } from './http/request.ts';
import { ANY, BOOL, INT, pointer, STRING, struct, TIME } from './http/shapes.ts';
import type { Permission } from './permissions.ts';
import type { EventRecord, Target } from './records.ts';

/** The most events that one answer has. */
const LIMIT = 100;

interface Filter extends Record<'KindType' | 'OwnerType' | 'OwnerName' | 'Since' | 'Until' | 'Sort', string>, Record<'Limit' | 'Skip', number> {
  Target: Target;
  Running: boolean | null;
  ErrorOnly: boolean;
}

const FILTER = struct('event.Filter', {
  Target: struct('event.Target', { Type: STRING, Value: STRING }),
  ...{ KindType: STRING, OwnerType: STRING, OwnerName: STRING, Since: TIME, Until: TIME, Running: pointer(BOOL), ErrorOnly: BOOL },
  ...{ Raw: ANY, AllowedTargets: ANY, Permissions: ANY, Limit: INT, Skip: INT, Sort: STRING },
});

/** The events that a request asks for, among those that the permissions let see (tsuru/event `Filter`). @throws ApiError with 400 */
export function filteredEvents(events: readonly EventRecord[], request: ApiRequest, permissions: readonly Permission[]): EventRecord[] {
  const { Target, Since, Until, Running, Limit, Skip, Sort, ...filter } = decoded(request, FILTER) as Filter;
  const kinds = kindNames(request).filter((name) => name !== '');
  const isSame = (asked: string, value: string): boolean => asked === '' || asked === value;
  const isAbout = (event: EventRecord, field: keyof Target): boolean =>
    [event.Target, ...(event.ExtraTargets ?? []).map((extra) => extra.Target)].some((target) => isSame(Target[field], target[field]));
  const found = events.filter(
    (event) =>
      maySee(permissions, event) &&
      isAbout(event, 'Type') &&
      isAbout(event, 'Value') &&
      isSame(filter.KindType, event.Kind.Type) &&
      (kinds.length === 0 || kinds.includes(event.Kind.Name)) &&
      isSame(filter.OwnerType, event.Owner.Type) &&
      isSame(filter.OwnerName, event.Owner.Name) &&
      (Since === '' || Date.parse(event.StartTime) >= Date.parse(Since)) &&
      (Until === '' || Date.parse(event.StartTime) <= Date.parse(Until)) &&
      (Running === null || event.Running === Running) &&
      (!filter.ErrorOnly || event.Error !== ''),
  );
  const first = Math.max(Skip, 0);
  return sorted(found, Sort || '-starttime').slice(first, first + (Limit > LIMIT || Limit <= 0 ? LIMIT : Limit));
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
  return [...formOf(request)].filter(([name]) => name.toLowerCase() === 'kindname').flatMap(([, values]) => values);
}

/** Sorts by a field such as `starttime` or `kind.name`, downwards after `-`. Of equals, the newest is first if downwards. */
function sorted(events: readonly EventRecord[], by: string): EventRecord[] {
  const isDown = by.startsWith('-');
  const path = by.replace(/^-/, '').split('.');
  const valueOf = (event: EventRecord): string => {
    const value = path.reduce<unknown>(member, event) ?? '';
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
  const keyed = events.map((event) => ({ event, value: valueOf(event) }));
  keyed.sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));
  const list = keyed.map(({ event }) => event);
  return isDown ? list.reverse() : list;
}

/** A member of an object, whatever the case of its name is. */
function member(held: unknown, name: string): unknown {
  if (typeof held !== 'object' || held === null) return undefined;
  return Object.entries(held).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}
