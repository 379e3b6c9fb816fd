import { filteredEvents } from '../events/event-filter.ts';
import { eventDetails, eventView } from '../events/event-view.ts';
import { ApiError, json, listed } from '../http/answer.ts';
import { inputValue } from '../http/input.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { permissionsOf, requireAllowed } from '../permissions/permissions.ts';
import type { EventRecord } from '../state/records.ts';
import type { World } from '../world.ts';

export const EVENTS_ROUTES = routes({
  '1.1 GET /events': listEvents,
  '1.1 GET /events/kinds': listKinds,
  '1.1 GET /events/{uuid}': eventInfo,
  '1.1 POST /events/{uuid}/cancel': cancelEvent,
});

function listEvents(request: ApiRequest, { state }: World) {
  const events = filteredEvents(state.events, request, permissionsOf(state, userOf(request)).permissions);
  return listed(events.map(eventView));
}

function eventInfo(request: ApiRequest, { state }: World) {
  const event = eventOf(request, state.events);
  requireAllowed(request, state, event.Allowed.Scheme, event.Allowed.Contexts);
  return json(eventDetails(event));
}

/** All changes are made at once, so that there is nothing to cancel. */
function cancelEvent(request: ApiRequest, { state }: World): never {
  const { AllowedCancel } = eventOf(request, state.events);
  if (inputValue(request, 'reason') === '') throw new ApiError(400, 'reason is mandatory');
  requireAllowed(request, state, AllowedCancel?.Scheme ?? '', AllowedCancel?.Contexts ?? []);
  throw new ApiError(400, 'event is not cancelable');
}

/** @throws ApiError with 400 for what is no id, with 404 for what is none of an event */
function eventOf(request: ApiRequest, events: readonly EventRecord[]): EventRecord {
  const id = param(request, 'uuid');
  if (!/^[0-9a-f]{24}$/i.test(id)) throw new ApiError(400, `uuid parameter is not ObjectId: ${id}`);
  const event = events.find(({ UniqueID }) => UniqueID === id.toLowerCase());
  if (event === undefined) throw new ApiError(404, 'event not found');
  return event;
}

/** The kinds of events that there are; each Tsuru has collected garbage. */
function listKinds(_: ApiRequest, { state }: World) {
  const names = new Set(state.events.map(({ Kind }) => Kind.Name));
  return json([{ Type: 'internal', Name: 'gc' }, ...[...names].sort().map((Name) => ({ Type: 'permission', Name }))]);
}
