/** Milliseconds. What the service under test waits for: the same limits as usual, a hundred times shorter. */
export const TIMEOUTS = { lock: 700, work: 1200, reply: 1500, read: 1000, background: 3000, retry: 100 };

/** Milliseconds that it has for what is running when it is asked to stop, and until it gives up. */
export const GRACE = 1000;
export const LAST_MOMENT = 6000;

/** Milliseconds that a busy machine may add to anything. */
export const MARGIN = 20_000;
