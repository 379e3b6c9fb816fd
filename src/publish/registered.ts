import { EXIT, ExpectedError } from '../errors.ts';
import { NAME } from '../tsuru/names.ts';
import { ask, servicePath, type TsuruAnswer, type Api } from './api.ts';
import { eventQuery, eventsIn, fieldsIn, type EventFields, type ListedEvent } from './events.ts';
import { obstacleIn, objectionOf } from './refusals.ts';
import { shaped, type Permissions, type Registration } from './registration.ts';

/** What Tsuru has of a service. */
export interface Registered {
  /** Undefined if Tsuru has no such service. */
  service: EventFields | undefined;
  /** Undefined if it cannot be read. */
  doc: string | undefined;
  /** Undefined if it cannot be read; `unsupported` by a Tsuru before 1.31 of its API. */
  permissions: Permissions | 'unsupported' | undefined;
}

/** Events that are looked at for one that says what is looked for: each change of the permissions leaves one that does not. */
const MOST_EVENTS = 10;

/** Asks Tsuru what it has of a service. @throws ExpectedError if it cannot be asked, refuses the token, or fails */
export async function readRegistered(api: Api, wanted: Registration): Promise<Registered> {
  const { id } = wanted;
  // Tsuru has no such service, and some of its paths for it, such as with a slash, would be others.
  if (!NAME.test(id)) return { service: undefined, doc: '', permissions: shaped(null) };
  const doc = await asked(api, wanted, `${servicePath('1.0', id)}/doc`);
  const permissions = await asked(api, wanted, `${servicePath('1.31', id)}/manifest`, true);
  const isThere = doc.status !== 404;
  return {
    service: isThere ? await readEvents(api, wanted) : undefined,
    doc: [200, 204].includes(doc.status) ? doc.text : isThere ? undefined : '',
    permissions: isUnserved(permissions) ? 'unsupported' : permissions.status === 200 ? shaped(parsed(permissions.text)) : isThere ? undefined : shaped(null),
  };
}

/** Whether this Tsuru has no such route. */
function isUnserved({ status, text }: TsuruAnswer): boolean {
  return status === 404 && text.startsWith('404 page not found');
}

/** Whether it is what was asked for, but more than is read. */
function isTooLong({ exchange: { reply } }: TsuruAnswer): boolean {
  return reply?.isTooLong === true && reply.status === 200 && reply.headers['supported-tsuru'] !== undefined;
}

/** @returns a reply with 200, 204, 403 or 404, or with 0 if it is too long to be read @throws ExpectedError for any other */
async function asked(api: Api, wanted: Registration, path: string, isOptional = false): Promise<TsuruAnswer> {
  const answer = await ask(api, 'GET', path);
  if ((isOptional && isUnserved(answer)) || isTooLong(answer)) return answer;
  const obstacle = obstacleIn(answer, api);
  if (obstacle !== undefined) throw new ExpectedError(EXIT.inTheWay, ...obstacle);
  if (![200, 204, 403, 404].includes(answer.status)) throw new ExpectedError(EXIT.inTheWay, ...objectionOf('service', answer, wanted, api));
  return answer;
}

/**
 * What the events tell, as far as the token may read them. The newest says what was sent last; an update without a team or an
 * encoding kept that of an earlier one.
 */
async function readEvents(api: Api, wanted: Registration): Promise<EventFields> {
  const { id, team } = wanted;
  const list = await asked(api, wanted, `/1.1/events?${eventQuery(id)}`, true);
  const events = list.status === 200 ? eventsIn(parsed(list.text), id) : [];
  const updates = events.filter(({ kind }) => kind === 'update');
  const owners = new Set(events.map(({ owner }) => owner));
  let known: EventFields = {};
  // Tsuru leaves out, without a word, what another team may see: an event that gives the service to it may be followed by such.
  let next = owners;
  const isEnough = () => owners.size < 2 && known.endpoints !== undefined && known.encoding !== undefined && (known.team !== undefined || team === '');
  for (const event of updates.slice(0, MOST_EVENTS)) {
    if (isEnough()) break;
    const fields = await fieldsOf(api, event, wanted);
    // What cannot be read may say otherwise than all that is older.
    if (fields === 'unread' || !next.has(fields?.team ?? event.owner)) return known;
    known = { ...fields, ...known };
    next = new Set([event.owner]);
  }
  const creation = events.find(({ kind }) => kind === 'create');
  const first = creation && (await fieldsOf(api, creation, wanted));
  if (first === undefined || first === 'unread' || !next.has(creation?.owner ?? '') || (owners.size > 1 && updates.length > MOST_EVENTS)) return known;
  if (isEnough() || updates.length <= MOST_EVENTS) return { ...first, ...known };
  return { ...known, ...(first.isMultiCluster !== undefined && { isMultiCluster: first.isMultiCluster }) };
}

async function fieldsOf(api: Api, event: ListedEvent, wanted: Registration): Promise<EventFields | 'unread' | undefined> {
  const { status, text } = await asked(api, wanted, `/1.1/events/${event.id}`);
  return status === 200 ? fieldsIn(parsed(text), event, wanted.id) : 'unread';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
