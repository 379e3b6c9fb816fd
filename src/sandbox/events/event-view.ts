import { bsonList } from './bson.ts';
import { ZERO_TIME } from './events.ts';
import { orNull } from '../http/answer.ts';
import type { EventRecord } from '../state/records.ts';

/** An event as Tsuru's API shows it in a list. */
export function eventView({ start: _, Allowed, AllowedCancel, ...event }: EventRecord) {
  const shown = ({ Scheme, Contexts }: EventRecord['Allowed']) => ({ Scheme, Contexts: orNull(Contexts) });
  const { UniqueID, Lock, StartTime, EndTime, Target, ExtraTargets, Kind, Owner, SourceIP, Error, Log, StructuredLog, Running } = event;
  return {
    ...{ UniqueID, Lock, StartTime, EndTime, ExpireAt: ZERO_TIME, Target, ExtraTargets, Kind, Owner, SourceIP, LockUpdateTime: StartTime },
    ...{ Error, Log, StructuredLog },
    CancelInfo: { Owner: '', StartTime: ZERO_TIME, AckTime: ZERO_TIME, Reason: '', Asked: false, Canceled: false },
    Cancelable: AllowedCancel !== null,
    Running,
    Allowed: shown(Allowed),
    AllowedCancel: shown(AllowedCancel ?? { Scheme: '', Contexts: [] }),
    Instance: { Name: 'sandbox', Port: '', TLSPort: '', Addresses: ['127.0.0.1'], LastUpdate: StartTime },
  };
}

/** An event as Tsuru's API shows it alone: with what was asked for, as BSON and as JSON. */
export function eventDetails(event: EventRecord) {
  const { start } = event;
  const { kind, data } = start === null ? { kind: 0, data: null } : bsonList(start.map(({ name, value }) => ({ name, value })));
  const nothing = { Kind: 0, Data: null };
  return {
    ...eventView(event),
    StartCustomData: { Kind: kind, Data: data?.toString('base64') ?? null },
    EndCustomData: nothing,
    OtherCustomData: nothing,
    CustomData: { Start: start?.map(({ name, value }) => ({ name, value })) ?? null, End: null, Other: null },
  };
}
