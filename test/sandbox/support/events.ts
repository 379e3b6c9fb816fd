import type { RecordedAnswer } from './recording.ts';

interface TsuruEvent {
  UniqueID: string;
  Target: unknown;
  Kind: unknown;
  Owner: unknown;
  Error: string;
}

const UNKNOWN = 'f'.repeat(24);
/** Events in one answer of a list, at most. */
const PAGE = 100;

/** Lists all events, the newest first. @param get gives the body of an answer to root, empty if it is no success */
async function allEvents(get: (path: string) => Promise<string>): Promise<TsuruEvent[]> {
  const events: TsuruEvent[] = [];
  for (;;) {
    const body = await get(`/1.1/events?limit=${PAGE}&skip=${events.length}`);
    const page = body.startsWith('[') ? (JSON.parse(body) as TsuruEvent[]) : [];
    events.push(...page);
    if (page.length < PAGE) return events;
  }
}

const parse = (body: string | undefined): Partial<TsuruEvent> | undefined => {
  try {
    return JSON.parse(body ?? '') as Partial<TsuruEvent>;
  } catch {
    return undefined;
  }
};

/**
 * The ids that `<event>` in a request may have stood for: those of the newest events of the recorded kind, target, owner and
 * error; of all events if the answer shows none of that.
 */
export async function eventsMeant(get: (path: string) => Promise<string>, { status, body }: RecordedAnswer): Promise<string[]> {
  if (status === 404) return [UNKNOWN];
  const events = await allEvents(get);
  const shown = parse(body);
  const keyOf = ({ Target, Kind, Owner, Error }: Partial<TsuruEvent>) => JSON.stringify([Target, Kind, Owner, Error]);
  const meant = shown === undefined ? events : events.filter((event) => keyOf(event) === keyOf(shown));
  return meant.length > 0 ? meant.map(({ UniqueID }) => UniqueID) : [UNKNOWN];
}
