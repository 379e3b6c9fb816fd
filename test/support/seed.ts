import { createHash, randomInt } from 'node:crypto';

/**
 * The seed of a run: that of the environment variable SEED, or else a new one.
 * @returns a whole number from 0 to 2^31 - 1
 * @throws Error when SEED is not such a number
 */
export function seedOf({ SEED: given }: NodeJS.ProcessEnv): number {
  if (given === undefined) return randomInt(2 ** 31);
  const seed = Number(given);
  if (!/^\d+$/.test(given) || seed >= 2 ** 31) throw new Error(`SEED must be a whole number below 2^31, not "${given}"`);
  return seed;
}

/** The seed of every random case of this run. vitest.config.ts sets and prints it, for all test files alike. */
export const SEED = seedOf(process.env);

/**
 * A source of pseudo-random numbers below 1 (mulberry32).
 * @param seed any text; the same text gives the same numbers
 */
export function seeded(seed: string): () => number {
  let state = createHash('sha256').update(seed).digest().readInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
