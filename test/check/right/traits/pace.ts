import { around, sleep, type Trait } from '../trait.ts';

const RETRY = { 'retry-after': '1' };
/** The calls that a limited service takes in a second. */
const LIMIT = 100;

export const PACE: readonly Trait[] = [
  {
    name: 'every call takes 150 ms',
    isSlow: true,
    makes: (service) => {
      around(service, (right) => async (incoming) => {
        await sleep(150);
        return right(incoming);
      });
    },
    fails: [],
  },
  {
    name: 'one call is handled at a time, and the others wait',
    makes: (service) => {
      let last: Promise<unknown> = Promise.resolve();
      around(service, (right) => (incoming) => {
        const reply = last.then(() => sleep(2)).then(() => right(incoming));
        last = reply.catch(() => undefined);
        return reply;
      });
    },
    fails: [],
  },
  {
    name: 'one call is handled at a time, and the others get 503 with Retry-After',
    isSlow: true,
    makes: (service) => {
      let isBusy = false;
      around(service, (right) => async (incoming) => {
        if (isBusy) return { ...service.refuse(503, 'try again'), headers: RETRY };
        isBusy = true;
        try {
          await sleep(2);
          return await right(incoming);
        } finally {
          isBusy = false;
        }
      });
    },
    // Tsuru repeats nothing: of ten binds at once, nine would fail.
    fails: ['bind-app.ten-at-once'],
  },
  {
    name: `more than ${LIMIT} calls in a second get 429 with Retry-After`,
    isSlow: true,
    makes: (service) => {
      const calls: number[] = [];
      around(service, (right) => (incoming) => {
        const now = performance.now();
        while ((calls[0] ?? now) < now - 1000) calls.shift();
        if (calls.length >= LIMIT) return { ...service.refuse(429, 'too many calls'), headers: RETRY };
        calls.push(now);
        return right(incoming);
      });
    },
    fails: [],
  },
];
