import { describe, expect, it } from 'vitest';

import { CHECKS } from '../../src/check/checks/index.ts';
import { listMarkdown } from '../../src/check/report/list.ts';

describe('the checks', () => {
  it('are documented in docs/checks.md', async () => {
    await expect(listMarkdown(CHECKS)).toMatchFileSnapshot('../../docs/checks.md');
  });

  it('have ids of their own, in groups', () => {
    const ids = CHECKS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/.test(id))).toEqual([]);
  });
});
