import { decoded, struct } from '../http/decode.ts';
import { formOf } from '../http/input.ts';
import type { ApiRequest } from '../http/request.ts';
import { isTrue } from '../http/values.ts';
import type { Permission } from '../permissions/permissions.ts';
import type { EventRecord, EventTarget } from '../state/records.ts';

/** The most events that one answer has. */
const LIMIT = 100;

const FILTER = struct('event.Filter', {
  Target: struct('event.Target', { Type: 'string', Value: 'string' }),
  ...{ KindType: 'string', OwnerType: 'string', OwnerName: 'string', Since: 'string', Until: 'string', Running: 'string', ErrorOnly: 'bool' },
  ...{ Limit: 'int', Skip: 'int' },
});

/** The events that a request asks for, among those that the permissions let see (tsuru/event `Filter`). @throws ApiError with 400 */
export function filteredEvents(events: readonly EventRecord[], request: ApiRequest, permissions: readonly Permission[]): EventRecord[] {
  const { Target, Since, Until, Running, Limit, Skip, ...filter } = decoded(request, FILTER);
  const kinds = kindNames(request).filter((name) => name !== '');
  const isSame = (asked: string, value: string): boolean => asked === '' || asked === value;
  const isAbout = (event: EventRecord, field: keyof EventTarget): boolean =>
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
      (Running === '' || event.Running === isTrue(Running)) &&
      (!filter.ErrorOnly || event.Error !== ''),
  );
  const first = Math.max(Skip, 0);
  // They are in the order in which they started.
  return found.reverse().slice(first, first + (Limit > LIMIT || Limit <= 0 ? LIMIT : Limit));
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
