import { z } from 'zod';

import type { AnyEndpoint } from '../../../src/tsuru/endpoint.js';

type NamedEndpoint = AnyEndpoint & { name: string };

/** The file that openapi.yaml refers to for the schemas of an endpoint. */
export function schemaFile({ name }: NamedEndpoint): string {
  return `src/endpoints/${name}.schema.json`;
}

/** The content of that file: JSON Schemas of what the endpoint receives and returns. */
export function schemasOf({ method, path, handle }: NamedEndpoint): Record<string, unknown> {
  const { params, query, body, response } = handle.schemas ?? {};
  const own = params && (jsonSchema('params', params, 'input') as { properties?: object });
  const texts = [...path.matchAll(/:(\w+)/g)].map(([, parameter = '']) => [parameter, { type: 'string' }] as const);
  const hasBody = ['DELETE', 'PATCH', 'POST', 'PUT'].includes(method);
  return {
    params: { ...own, properties: { ...Object.fromEntries(texts), ...own?.properties } },
    query: query ? jsonSchema('query', query, 'input') : { type: 'object' },
    ...(hasBody && { body: body ? jsonSchema('body', body, 'input') : {} }),
    response: response ? jsonSchema('response', response, 'output') : {},
  };
}

/** A schema whose references are relative to the whole file. What JSON Schema cannot express accepts anything. */
function jsonSchema(part: string, schema: z.ZodType, io: 'input' | 'output'): object {
  const json = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  delete json.$schema;
  return JSON.parse(JSON.stringify(json), (key, value: unknown) =>
    key === '$ref' && typeof value === 'string' ? value.replace(/^#/, `#/${part}`) : value,
  ) as object;
}
