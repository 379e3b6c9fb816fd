import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { PASSWORD, Reference, serve, USERNAME } from '../check/broken/reference.ts';
import { needsTool } from '../support/needs.ts';
import { startProgram } from '../support/started.ts';
import { boundVariables, LIFE, live } from './support/life.ts';
import { isDone } from './support/tsuru-api.ts';

const CREDENTIALS = { SERVICE_USERNAME: USERNAME, SERVICE_PASSWORD: PASSWORD };

interface Running {
  address: string;
  stop: () => Promise<unknown>;
}

/** Correct services of different kinds; a command that is missing skips the test. */
const SERVICES: { name: string; command?: string; start: () => Promise<Running>; variables: string[]; plan: string }[] = [
  {
    name: "python3's standard library, creating in the background",
    command: 'python3',
    start: () => startFile('python3', 'correct.py'),
    variables: ['STORE_PASSWORD', 'STORE_URL', 'STORE_USER'],
    plan: 'large',
  },
  {
    name: 'plain Node, strict, without plans and info',
    start: () => startFile(process.execPath, 'correct-strict.mjs'),
    variables: ['CACHE_HOST', 'CACHE_PORT', 'CACHE_TOKEN'],
    plan: '',
  },
  {
    name: 'the reference, in this process',
    async start() {
      const { url, close } = await serve(new Reference());
      return { address: url.origin, stop: close };
    },
    variables: ['SVC_HOST', 'SVC_PASSWORD'],
    plan: 'large',
  },
];

async function startFile(command: string, file: string): Promise<Running> {
  const program = await startProgram(command, [fileURLToPath(new URL(`../check/services/${file}`, import.meta.url))], CREDENTIALS);
  return { address: program.url, stop: () => program.stop() };
}

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandbox({ team: 'team1' });
});

afterEach(() => sandbox.close());

describe('a whole life in the sandbox', () => {
  for (const { name, command, start, variables, plan } of SERVICES) {
    for (const encoding of ['form', 'json'] as const) {
      it(`is led by a correct service in ${encoding}: ${name}`, async (context) => {
        if (command !== undefined) needsTool(context, command, spawnSync(command, ['--version']).status === 0);
        const service = await start();
        try {
          const life = await live({
            sandbox: { ...sandbox, team: 'team1', app: 'app1', job: 'job1' },
            service: { id: 'db', address: service.address, username: USERNAME, password: PASSWORD },
            encoding,
          });
          expect(LIFE.filter((step) => !isDone(life[step])).map((step) => [step, life[step]])).toEqual([]);

          const fromInstance = Object.fromEntries(variables.map((variable) => [variable, 'db/life1']));
          expect([boundVariables(life['app env']), boundVariables(life['job env'])]).toEqual([fromInstance, fromInstance]);
          expect(JSON.parse(life.info.body)).toMatchObject({ Apps: ['app1'], Jobs: ['job1'], PlanName: plan, Description: 'two', Tags: ['b'] });
          expect(life['bind app'].body).toContain('Instance \\"life1\\" is now bound to the app \\"app1\\".');
          expect([boundVariables(life['app env after']), boundVariables(life['job env after'])]).toEqual([{}, {}]);
        } finally {
          await service.stop();
        }
      });
    }
  }
});
