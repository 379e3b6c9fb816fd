import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { endpoint } from '../../src/tsuru/endpoint.js';
import { endpoints } from '../../src/tsuru/endpoints.js';
import { schemaFile, schemasOf } from './support/schemas.js';

describe('the schemas in openapi.yaml', () => {
  it.for(endpoints)('are those of the handler $name', (one) => {
    const file = schemaFile(one);
    const written: unknown = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
    expect(written, `${file} is out of step with its handler; run: npm run openapi`).toEqual(schemasOf(one));
  });

  it('describe what the endpoint accepts and returns', () => {
    const handle = endpoint(
      {
        params: z.object({ id: z.coerce.number() }),
        query: z.object({ deep: z.stringbool().optional() }),
        body: z.object({ keep: z.int().default(3) }),
        response: z.object({ at: z.date() }),
      },
      () => ({ status: 200 }),
    );
    expect(schemasOf({ name: 'x', method: 'POST', path: '/x/:id/:other', handle })).toMatchObject({
      params: { properties: { id: { type: 'number' }, other: { type: 'string' } } },
      query: { properties: { deep: { type: 'string' } } },
      body: { properties: { keep: { type: 'integer', default: 3 } } },
      response: { properties: { at: {} } },
    });
    expect(schemasOf({ name: 'x', method: 'GET', path: '/x', handle })).not.toHaveProperty('body');
  });

  it('refer to their own parts when they are recursive', () => {
    const tree = z.object({
      get children() {
        return z.array(tree);
      },
    });
    const handle = endpoint({ body: tree }, () => ({ status: 200 }));
    expect(JSON.stringify(schemasOf({ name: 'x', method: 'PUT', path: '/x', handle }))).toMatch(/"\$ref":"#\/body"/);
  });
});
