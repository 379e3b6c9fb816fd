import fc from 'fast-check';

import { FRAMEWORKS, METHODS, PROVISIONINGS, type Answers, type EndpointAnswer } from '../../src/answers/answers.ts';
import { withEndpointDefaults } from '../../src/answers/endpoints.ts';
import { SEED } from './seed.ts';

/** How often each property is tried, and from which seed; both can be set in the environment. */
export const RUNS = { numRuns: numberOfRuns(process.env), seed: SEED };

/** fast-check counts down to zero, and never ends with a number that is not whole. */
function numberOfRuns({ PROPERTY_RUNS: given = '250' }: NodeJS.ProcessEnv): number {
  if (!/^[1-9]\d*$/.test(given)) throw new Error(`PROPERTY_RUNS must be a whole number, 1 or more, not "${given}"`);
  return Number(given);
}

export const anyEndpoint: fc.Arbitrary<EndpointAnswer> = fc
  .record({
    name: fc.constantFrom('backups', 'restore', 'dump', 'users', 'zones'),
    method: fc.constantFrom(...METHODS.filter((method) => method !== 'HEAD')),
    tail: fc.constantFrom('', '/{id}', '/all', '/{id}/items'),
  })
  .map(({ name, method, tail }) => withEndpointDefaults({ name, method, path: `/${name}${tail}` }));

/** Other answers: what `--set` can say. */
export const anyAnswers: fc.Arbitrary<Partial<Answers>> = fc.record(
  {
    framework: fc.constantFrom(...FRAMEWORKS),
    provisioning: fc.constantFrom(...PROVISIONINGS),
    multiCluster: fc.boolean(),
    team: fc.constantFrom('', 'team-a', 'team-b'),
    endpoint: fc.constantFrom('http://localhost:8888', 'https://db.example.com', 'https://example.com/base'),
    packageManager: fc.constantFrom('npm', 'pnpm', 'bun'),
    encoding: fc.constantFrom('form', 'json'),
  },
  { requiredKeys: [] },
);

/** Adds an endpoint to answers, in the order of the names. */
export function insert(added: EndpointAnswer): (answers: Answers) => Answers {
  return (answers) => ({
    ...answers,
    endpoints: [...answers.endpoints, added].sort((a, b) => (a.name < b.name ? -1 : 1)),
  });
}
