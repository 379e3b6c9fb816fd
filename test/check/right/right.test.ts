import { describe, expect, it } from 'vitest';

import { findOnlyTheTrait } from './judge.ts';
import { named, TRAITS } from './traits.ts';

describe('the checks say what is wrong with a service, and nothing else', () => {
  it.each(named(({ isSlow }) => isSlow !== true))('%s', findOnlyTheTrait);
});

describe('the services', () => {
  it('have different names', () => {
    const names = TRAITS.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});
