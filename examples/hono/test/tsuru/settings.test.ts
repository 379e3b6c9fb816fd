import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { settings } from '../../src/settings.js';

const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');

it('every setting in src/settings.ts is in .env.example', () => {
  const missing = Object.keys(settings.shape).filter((name) => !new RegExp(`^(# ?)?${name}=`, 'm').test(example));
  expect(missing, 'add these to .env.example, each with a comment').toEqual([]);
});
