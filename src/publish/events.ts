import type { Registration } from './registration.ts';

/** What Tsuru shows of a service in events only: in no other reply of its API. A field that is undefined could not be read. */
export type EventFields = Partial<Pick<Registration, 'endpoints' | 'username' | 'team' | 'encoding' | 'isMultiCluster'>>;

/** An event of a service, in the list of events. */
export interface ListedEvent {
  id: string;
  kind: 'create' | 'update';
}

/** The query for the events that changed a service. */
export function eventQuery(id: string): string {
  const kinds = ['create', 'update', 'delete'].map((kind) => `kindname=service.${kind}`);
  return [...kinds, 'target.type=service', `target.value=${encodeURIComponent(id)}`].join('&');
}

/**
 * The successful events of a service's present life in a list of events, the newest first as Tsuru lists them: those before its
 * last removal are about another one.
 * @returns an empty list for any other value
 */
export function eventsIn(list: unknown, id: string): ListedEvent[] {
  const found: ListedEvent[] = [];
  for (const event of Array.isArray(list) ? (list as unknown[]) : []) {
    const { UniqueID, Target, Kind, Error: error, Running } = (event ?? {}) as Record<string, unknown>;
    const { Type, Value } = (Target ?? {}) as Record<string, unknown>;
    const kind = (Kind as Record<string, unknown> | undefined)?.['Name'];
    if (typeof UniqueID !== 'string' || !/^[\da-f]+$/i.test(UniqueID) || Type !== 'service' || Value !== id || error !== '' || Running === true) continue;
    if (kind === 'service.delete') break;
    if (kind === 'service.update') found.push({ id: UniqueID, kind: 'update' });
    if (kind !== 'service.create') continue;
    found.push({ id: UniqueID, kind: 'create' });
    break;
  }
  return found;
}

/**
 * What an event says of a service. It may have its password, too, if it was created by a body in JSON: this is not read.
 * @param details the reply about one event
 * @returns undefined for a change of something else, such as the permissions, which has the same kind
 */
export function fieldsIn(details: unknown, { kind }: ListedEvent, id: string): EventFields | undefined {
  const { CustomData, Allowed } = (details ?? {}) as { CustomData?: { Start?: unknown } | null; Allowed?: { Contexts?: unknown } | null };
  const list = Array.isArray(CustomData?.Start) ? (CustomData.Start as unknown[]) : [];
  const values = new Map<string, string>();
  for (const item of list) {
    const { name, value } = (item ?? {}) as { name?: unknown; value?: unknown };
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof name === 'string' && typeof first === 'string') values.set(name, first);
  }
  const some = [...values].filter(([name]) => name.startsWith('endpoints.')).map(([name, value]) => [name.slice('endpoints.'.length).replace(/\\(.)/g, '$1'), value]);
  const single = values.get('endpoint') ?? '';
  if (some.length === 0 && single === '') return undefined;
  // A creation without a team takes the one that the user has: those who may read the event are in it.
  const contexts = kind === 'create' && Array.isArray(Allowed?.Contexts) ? (Allowed.Contexts as ({ CtxType?: unknown; Value?: unknown } | null)[]) : [];
  const owner = contexts.find((context) => context?.CtxType === 'team')?.Value;
  const [team, encoding] = [values.get('team') || (typeof owner === 'string' ? owner : ''), values.get('encoding') ?? (kind === 'create' ? 'form' : '')];
  return {
    endpoints: some.length > 0 ? (Object.fromEntries(some) as Record<string, string>) : { production: single },
    username: values.get('username') || id,
    ...(team !== '' && { team }),
    ...((encoding === 'form' || encoding === 'json') && { encoding }),
    // An update does not change it, whatever it says.
    ...(kind === 'create' && { isMultiCluster: /^(1|t|T|true|True|TRUE)$/.test(values.get('multi-cluster') ?? '') }),
  };
}
