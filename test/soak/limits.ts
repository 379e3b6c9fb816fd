/** Milliseconds. The limits of the service under test: the usual ones, about a hundred times shorter. */
export const TIMEOUTS = { lock: 700, work: 1200, reply: 1500, read: 1000, background: 3000, retry: 100 };

/** Milliseconds after a request to stop: for running calls to end, and until the service gives up. */
export const GRACE = 1000;
export const LAST_MOMENT = 6000;

/** Milliseconds that a busy machine may add to any limit. */
export const MARGIN = 20_000;
