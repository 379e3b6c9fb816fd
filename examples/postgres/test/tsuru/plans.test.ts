import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { flag, integer, list, text } from '../../src/tsuru/plans.js';
import { testService, type TestService } from './support/service.js';

const schema = z.object({
  size: integer().pipe(z.number().min(1).max(100)).default(10),
  ha: flag().default(false),
  zones: list(text()).default([]),
  owner: text().optional(),
});

const service = () =>
  testService({
    plans: [
      { name: 'small', description: '', parameters: schema },
      { name: 'any', description: '' },
    ],
  });

async function created(test: TestService, parameters: Record<string, unknown>, encoding: 'form' | 'json') {
  const body = { name: 'db1', team: 't', ...(encoding === 'json' ? { parameters } : parameters) };
  return test.call('POST', '/resources', body, encoding);
}

describe('the parameters of a plan with a schema', () => {
  it.each([
    [
      'as a form writes them',
      'form',
      { 'parameters.size': '20', 'parameters.ha': 'true', 'parameters.zones.0': 'a', 'parameters.zones.1': 'b' },
    ],
    ['as the tsuru command sends them', 'json', { size: '20', ha: 'true', zones: { 0: 'a', 1: 'b' } }],
    ['with their JSON types', 'json', { size: 20, ha: true, zones: ['a', 'b'] }],
  ] as const)('are coerced %s', async (_, encoding, parameters) => {
    const test = await service();
    expect(await created(test, parameters, encoding)).toMatchObject({ status: 201 });
    expect(test.backend.asked[0]?.request.parameters).toEqual({ size: 20, ha: true, zones: ['a', 'b'] });
  });

  it('have defaults', async () => {
    const test = await service();
    await created(test, {}, 'form');
    expect(test.backend.asked[0]?.request.parameters).toEqual({ size: 10, ha: false, zones: [] });
  });

  it('accept an empty string for false and for an empty list, as a form encodes them', async () => {
    const test = await service();
    await created(test, { 'parameters.ha': '', 'parameters.zones': '' }, 'form');
    expect(test.backend.asked[0]?.request.parameters).toEqual({ size: 10, ha: false, zones: [] });
  });

  it.each([
    ['size', { size: 'big' }],
    ['size', { size: '1.5' }],
    ['size', { size: '' }],
    ['size', { size: 1000 }],
    ['ha', { ha: 'maybe' }],
    ['zones', { zones: 'a' }],
    ['zones.1', { zones: ['a', 5] }],
    ['owner', { owner: '' }],
  ])('are refused with the name of the field: %s', async (field, parameters) => {
    const test = await service();
    const reply = await created(test, parameters, 'json');
    expect(reply.status).toBe(400);
    expect(reply.body).toContain(`\\"${field}\\"`);
    expect(test.backend.asked).toEqual([]);
    expect(await test.call('GET', '/resources/db1')).toMatchObject({ status: 404 });
  });

  it('are also checked on update, and an invalid one changes nothing', async () => {
    const test = await service();
    await created(test, { size: 20 }, 'json');
    const reply = await test.call('PUT', '/resources/db1', { team: 't', parameters: { size: 'big' } }, 'json');
    expect(reply.status).toBe(400);
    expect((await test.store.find('db1'))?.parameters).toMatchObject({ size: 20 });
  });

  it('are passed on unchanged by a plan without a schema', async () => {
    const test = await service();
    await test.call('POST', '/resources', { name: 'db1', team: 't', plan: 'any', 'parameters.size': 'big' });
    expect(test.backend.asked[0]?.request.parameters).toEqual({ size: 'big' });
  });
});

describe('the spellings of a whole number', () => {
  it.each([
    [10, 10],
    ['10', 10],
    ['-3', -3],
    ['1e+06', 1_000_000],
    ['1.2345678901234e+13', 12_345_678_901_234],
  ])('%s', (given, number) => {
    expect(integer().parse(given)).toBe(number);
  });
});
