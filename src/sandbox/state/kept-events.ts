import type { State } from './records.ts';

/** Events that are kept, besides those that run. */
const LIMIT = 1000;

/** Drops the oldest events over the limit. */
export function dropOldEvents({ events }: State): void {
  for (let over = events.length - LIMIT; over > 0; over--) {
    const oldest = events.findIndex(({ Running }) => !Running);
    if (oldest < 0) return;
    events.splice(oldest, 1);
  }
}

/** Ends the events that ran when the last sandbox ended: none of them goes on. */
export function endRunningEvents({ events }: State, now: Date): void {
  for (const event of events) {
    if (!event.Running) continue;
    Object.assign(event, { Running: false, Lock: null, EndTime: now.toISOString(), Error: 'the sandbox ended before it was done' });
  }
}
