import { describe, expect, it } from 'vitest';

import type { Answers } from '../../src/answers/answers.ts';
import { disagreements } from '../../src/project/disagreements.ts';
import { renderWithSecrets } from '../../src/render/render.ts';
import { answersWith, templates } from '../support/answers.ts';

const before = answersWith({ team: 'ours' });
const { secrets } = await renderWithSecrets(before, 'the-password', templates);
const PLANS = `/* 'medium', name: 'small' */ // name: "x"
const pattern = /name: 'small'/;
export const plans = [
  { name: 'small', description: "It's \\u0061ll\\
 one", parameters: z.enum(['large']) },
  { description: \`\`, "name": "larg\\x65" },
];`;

function found(change: Partial<Answers>, files: Record<string, string> = {}): Record<string, string[]> {
  const all: Record<string, string> = { 'src/plans.ts': PLANS, ...files };
  const read = (path: string) => all[path] ?? secrets.get(path)?.content.toString();
  const known = { ...before, plans: [{ name: 'small', description: '' }, { name: 'large', description: '' }] };
  return Object.fromEntries(disagreements(known, { ...known, ...change }, read).map(({ path, toDo }) => [path, toDo]));
}

describe("an owner's file", () => {
  it('is named with what to change in it, when it says something else than the answers that changed', () => {
    expect(found({ team: '', multiCluster: true, endpoint: 'http://localhost:9000/base' })).toEqual({
      'manifest.yaml': [
        'remove team',
        'set endpoint.production to http://localhost:9000/base',
        'set multi-cluster to true',
      ],
      '.env': ['set BASE_PATH to /base', 'set PORT to 9000'],
    });
    expect(found({ name: 'db' })).toEqual({
      'manifest.yaml': ['set id to db', 'set username to db'],
      '.env': ['set SERVICE_USERNAME to db'],
    });
    expect(found({ store: 'postgres', backend: 'postgres' })).toEqual({ '.env': ['set STORE_URL', 'set POSTGRES_ADMIN_URL'] });
  });

  it('is not named when it was changed already, whatever the way that it is written in', () => {
    const manifest = 'id: "db"\nusername: db\nendpoint: {production: "https://db.example.com/v1/"}\npassword: p\n';
    const environment = "export SERVICE_USERNAME='db' # x\nBASE_PATH=\"/v1\"\nPORT=1234\nSTORE_URL=postgres://a\n";
    const files = { 'manifest.yaml': manifest, '.env': environment };
    expect(found({ name: 'db', team: '', endpoint: 'https://db.example.com/v1', store: 'postgres' }, files)).toEqual({});
  });

  it('is not named when nothing of it changed, or when it is not there', () => {
    expect(found({ framework: 'hono' }, { '.env': 'SERVICE_USERNAME=x', 'manifest.yaml': 'id: x' })).toEqual({});
    expect(disagreements(before, { ...before, name: 'db', plans: [] }, () => undefined)).toEqual([]);
  });

  it('is named without what it says when it cannot be read', () => {
    const files = { 'manifest.yaml': 'password: [the-password' };
    expect(found({ name: 'db', team: 'x' }, files)).toMatchObject({
      'manifest.yaml': ['check the name and team: the file could not be read'],
    });
  });

  it.each<[string, Answers['plans'], string[]]>([
    ['a plan that is missing', [{ name: 'small', description: '' }, { name: 'large', description: '' }, { name: 'medium', description: '' }], ['add the plan "medium"']],
    ['a plan that is no more', [{ name: 'small', description: '' }], ['remove the plan "large"']],
    ['another description', [{ name: 'small', description: 'New' }, { name: 'large', description: '' }], ['change the description of the plan "small"']],
    ['a description that is there', [{ name: 'small', description: "It's all one" }, { name: 'large', description: '' }], []],
    ['another default', [{ name: 'large', description: '' }, { name: 'small', description: '' }], ['put the plan "large" first']],
  ])('of plans is read as code: %s', (_name, plans, toDo) => {
    expect(found({ plans })['src/plans.ts'] ?? []).toEqual(toDo);
  });
});
