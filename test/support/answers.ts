import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { EXAMPLE_ENDPOINT, type Answers } from '../../src/answers/answers.ts';
import type { Templates } from '../../src/render/plop.ts';

/** The repository's own templates, under a version that never changes. */
export const templates: Templates = {
  directory: join(fileURLToPath(import.meta.url), '../../../templates'),
  version: '0.0.0',
};

export function answersWith(more: Partial<Answers> = {}): Answers {
  return {
    name: 'my-service',
    framework: 'fastify',
    backend: 'blank',
    store: 'sqlite',
    provisioning: 'inline',
    encoding: 'form',
    multiCluster: false,
    strictActions: false,
    legacyCompat: true,
    team: '',
    endpoint: 'http://localhost:8888',
    packageManager: 'npm',
    packageManagerVersion: '',
    endpoints: [EXAMPLE_ENDPOINT],
    plans: [
      { name: 'small', description: 'For trying things out' },
      { name: 'large', description: 'For production' },
    ],
    ...more,
  };
}
