import { describe, it } from 'vitest';

import { findOnlyTheTrait } from './judge.ts';
import { named } from './traits.ts';

// They wait most of the time.
describe.concurrent('the checks say what is wrong with a slow service, and nothing else', () => {
  it.each(named(({ isSlow }) => isSlow === true))('%s', { timeout: 300_000 }, findOnlyTheTrait);
});
