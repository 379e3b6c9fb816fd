import { writeFileSync } from 'node:fs';

import { endpoints } from '../../src/tsuru/endpoints.js';
import { schemaFile, schemasOf } from './support/schemas.js';

// Writes the schemas of all endpoints to the files that openapi.yaml refers to.
for (const endpoint of endpoints) {
  writeFileSync(schemaFile(endpoint), `${JSON.stringify(schemasOf(endpoint), undefined, 2)}\n`);
  process.stdout.write(`${schemaFile(endpoint)}\n`);
}
