import { seeded } from '../support/seed.ts';

/** Random choices that a seed repeats. */
export class Chance {
  readonly #random: () => number;

  /** @param seed any text; the same text gives the same choices */
  constructor(seed: string) {
    this.#random = seeded(seed);
  }

  /** At least 0, and below 1. */
  share(): number {
    return this.#random();
  }

  happens(probability: number): boolean {
    return this.#random() < probability;
  }

  between(least: number, most: number): number {
    return least + this.#random() * (most - least);
  }

  of<const T>(choices: readonly [T, ...T[]]): T {
    return choices[Math.floor(this.#random() * choices.length)] ?? choices[0];
  }

  /** One of the keys, each in proportion to its weight. */
  weighted<Key extends string>(weights: Readonly<Record<Key, number>>): Key {
    const entries = Object.entries(weights) as [Key, number][];
    let left = this.#random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return (entries.at(-1) as [Key, number])[0];
  }
}
