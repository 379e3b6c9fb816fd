import type { Registration } from './registration.ts';

/** What Tsuru shows of a service in events only: in no other reply of its API. A field that is undefined could not be read. */
export type EventFields = Partial<Pick<Registration, 'endpoints' | 'username' | 'team' | 'encoding' | 'isMultiCluster'>>;

/** An event of a service, in the list of events. */
export interface ListedEvent {
  id: string;
  kind: 'create' | 'update';
  /** The team that owned the service before an update: who sees its events sees this one, and the next. Several have blanks between. */
  owner: string;
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
    const { UniqueID, Target, Kind, Error: error, Running, Allowed } = (event ?? {}) as Record<string, unknown>;
    const { Type, Value } = (Target ?? {}) as Record<string, unknown>;
    const kind = (Kind as Record<string, unknown> | undefined)?.['Name'];
    if (typeof UniqueID !== 'string' || !/^[\da-f]+$/i.test(UniqueID) || Type !== 'service' || Value !== id || error !== '' || Running === true) continue;
    if (kind === 'service.delete') break;
    const contexts = (Allowed as { Contexts?: unknown } | null | undefined)?.Contexts;
    const teams = (Array.isArray(contexts) ? (contexts as ({ CtxType?: unknown; Value?: unknown } | null)[]) : []).filter((context) => context?.CtxType === 'team');
    const owner = teams.map((context) => String(context?.Value)).join(' ');
    if (kind === 'service.update') found.push({ id: UniqueID, kind: 'update', owner });
    if (kind !== 'service.create') continue;
    found.push({ id: UniqueID, kind: 'create', owner });
    break;
  }
  return found;
}

/**
 * What an event says of a service. It may have its password, too, if it was created by a body in JSON: this is not read.
 * @param details the reply about one event
 * @returns undefined for a change of something else, such as the permissions, which has the same kind
 */
export function fieldsIn(details: unknown, { kind, owner }: ListedEvent, id: string): EventFields | undefined {
  const { CustomData } = (details ?? {}) as { CustomData?: { Start?: unknown } | null };
  const list = Array.isArray(CustomData?.Start) ? (CustomData.Start as unknown[]) : [];
  const values = new Map<string, string>();
  for (const item of list) {
    const { name, value } = (item ?? {}) as { name?: unknown; value?: unknown };
    // Tsuru takes the first value of these two, by their exact names; the last one of all others, by names in any case.
    const isExact = /^(team|multi-cluster)$/i.test(String(name));
    const one: unknown = Array.isArray(value) ? value.at(isExact ? 0 : -1) : value;
    if (typeof name === 'string' && typeof one === 'string') values.set(isExact ? name : name.replace(/^[^.]*/, (field) => field.toLowerCase()), one);
  }
  const some = [...values].filter(([name]) => name.startsWith('endpoints.')).map(([name, value]) => [name.slice('endpoints.'.length).replace(/\\(.)/g, '$1'), value]);
  const single = values.get('endpoint') ?? '';
  if (some.length === 0 && single === '') return undefined;
  // A creation without a team takes the one that the user has.
  const [team, encoding] = kind === 'create' ? [values.get('team') || owner, values.get('encoding') || 'form'] : [values.get('team') ?? '', values.get('encoding') ?? ''];
  return {
    endpoints: some.length > 0 ? (Object.fromEntries(some) as Record<string, string>) : { production: single },
    username: values.get('username') || id,
    ...(team !== '' && { team }),
    ...((encoding === 'form' || encoding === 'json') && { encoding }),
    // An update does not change it, whatever it says.
    ...(kind === 'create' && { isMultiCluster: /^(1|t|T|true|True|TRUE)$/.test(values.get('multi-cluster') ?? '') }),
  };
}
