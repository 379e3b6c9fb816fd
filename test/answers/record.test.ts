import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import type { Answers } from '../../src/answers/answers.ts';
import { withEndpointDefaults } from '../../src/answers/endpoints.ts';
import { EXIT, ExpectedError } from '../../src/errors.ts';
import { editRecord, readRecord } from '../../src/answers/record.ts';
import { anyAnswers, RUNS } from '../support/changes.ts';
import { anyLists, anyRecord } from '../support/records.ts';

const HEAD = 'version: 1\nname: my-service\nframework: fastify\n';
const added = withEndpointDefaults({ name: 'backups', method: 'POST' });
const ADDED = ['name: backups', 'method: POST', 'path: "/backups"', 'action: "backups.create"', 'description: Backups'];

function add(text: string): string {
  return editRecord(text, { endpoints: [added, ...readRecord(text).endpoints] });
}

function remove(text: string, name: string): string {
  return editRecord(text, { endpoints: readRecord(text).endpoints.filter((one) => one.name !== name) });
}

const names = (text: string) => readRecord(text).endpoints.map(({ name }) => name);

describe('an edit of a record', () => {
  it('keeps an endpoint that stands as an alias, and writes it out when its anchor goes', () => {
    const text = `${HEAD}endpoints:
  - &usage
    name: usage
    method: GET
    path: /usage
    action: usage.show
    description: Usage
  - <<: *usage
    name: other # the other one
    path: /other
    action: other.show
  - { name: last, method: PUT, path: /last, action: last, description: &d Usage }
  - {name: more, method: PUT, path: /more, action: more, description: *d}
`;
    expect(names(add(text))).toEqual(['backups', 'usage', 'other', 'last', 'more']);
    expect(add(text)).toBe(text.replace('endpoints:\n', `endpoints:\n  - ${ADDED.join('\n    ')}\n`));
    const without = remove(text, 'usage');
    expect(readRecord(without).endpoints).toEqual(readRecord(text).endpoints.slice(1));
    expect(without).not.toContain('*usage');
    expect(readRecord(remove(text, 'last')).endpoints.at(-1)).toEqual(readRecord(text).endpoints.at(-1));
  });

  it('writes the scope of an endpoint of the service, and no action', () => {
    const regions = withEndpointDefaults({ name: 'regions', scope: 'authenticated' });
    const item = { name: 'regions', method: 'GET', path: '/regions', scope: 'authenticated', description: 'Regions' };
    for (const text of [HEAD, `${HEAD}endpoints: [{name: a, method: GET, path: /a, action: a, description: A}]\n`]) {
      const edited = editRecord(text, { endpoints: [...readRecord(text).endpoints, regions] });
      expect((parse(edited) as { endpoints: unknown[] }).endpoints.at(-1)).toEqual(item);
      expect(readRecord(edited).endpoints.at(-1)).toEqual(regions);
    }
  });

  it.each([
    ['scope: owners', /one of the scopes instance, service, authenticated, not "owners"/],
    ['scope: service, action: a', /only endpoints of the scope "instance" have one/],
    ['scope: instance', /with a name, method, path, action and description/],
  ])('refuses an endpoint with %s', (fields, message) => {
    const text = `${HEAD}endpoints: [{name: a, method: GET, path: /a, ${fields}, description: A}]\n`;
    expect(() => readRecord(text)).toThrow(message);
  });

  it('keeps a list of aliases', () => {
    const text = `${HEAD}plans: [&a {name: a, description: &usage Usage}, {name: b, description: *usage}]
endpoints: [{name: &n usage, method: GET, path: /usage, action: *n, description: *usage}]\n`;
    const edited = add(text);
    expect(names(edited)).toEqual(['backups', 'usage']);
    expect(edited).toContain(`endpoints: [{${ADDED.join(', ')}}, {name: &n usage, method: GET,`);
    const other = editRecord(text, { plans: [{ name: 'b', description: 'Usage' }] });
    expect(readRecord(other)).toMatchObject({ plans: [{ name: 'b', description: 'Usage' }], endpoints: readRecord(text).endpoints });
  });

  it.each([
    ['a byte order mark', (text: string) => `\uFEFF${text}`],
    ['the line ends of Windows', (text: string) => text.replaceAll('\n', '\r\n')],
    ['both', (text: string) => `\uFEFF${text.replaceAll('\n', '\r\n')}`],
  ])('keeps %s, blank lines, indentation and comments', (_name, dress) => {
    const text = (endpoints: string) =>
      dress(`# mine\n\n\n${HEAD}team:   'a'   # ours\n\n\nendpoints:\n# The nightly ones\n-   name: usage   # x\n    method: GET
    path: '/usage'\n\n    action: usage.show\n    description: Usage\n${endpoints}# the end\n\n`);
    const fresh = `\n-   ${ADDED.join('\n    ')}\n`;
    const other = '\n# Other\n-   {name: zones, method: GET, path: /zones, action: zones, description: Zones} # z\n';
    expect(editRecord(text(other), { endpoints: [...readRecord(text(other)).endpoints, added] })).toBe(text(other + fresh));
    expect(remove(text(other + fresh), 'backups')).toBe(text(other));
    expect(remove(text(other), 'zones')).toBe(text(''));
    expect(editRecord(text(other), { team: 'b' })).toBe(text(other).replace("'a'", "'b'"));
    const appended = editRecord(text(other), { multiCluster: true });
    expect(readRecord(appended).multiCluster).toBe(true);
    expect(appended.replace(dress('\nmultiCluster: true').replace('\uFEFF', ''), '')).toBe(text(other));
  });

  it.each([
    ['as one line of JSON', '{"version": 1, "name": "my-service", "endpoints": [{"name": "usage", "method": "GET", "path": "/usage", "action": "usage.show", "description": "x"}]}'],
    ['with nothing', `${HEAD}endpoints:\n`],
    ['with an empty list', `${HEAD}endpoints: [] # none\n`],
    ['without endpoints', HEAD.trimEnd()],
    ['with the end of a document', `---\n${HEAD}endpoints: [ ]\n...\n`],
    ['with a list in brackets over many lines', `${HEAD}endpoints: [\n  # one, and more\n  { name: usage, method: GET, path: /usage, action: a, description: x }, # the first, of usage\n]\n`],
  ])('works on a record that is written %s', (_name, text) => {
    const edited = add(text);
    expect(readRecord(edited)).toEqual({ ...readRecord(text), endpoints: [added, ...readRecord(text).endpoints] });
    for (const [comment] of text.matchAll(/#.*/g)) expect(edited).toContain(comment);
    expect(readRecord(remove(edited, 'backups'))).toEqual(readRecord(text));
    if (!text.includes('[')) return;
    // What the list is written as stays; an empty one has no such form.
    expect(edited.includes('- name')).toBe(readRecord(text).endpoints.length === 0);
  });

  it('that is impossible is refused in words, and says of what', () => {
    const error = (() => {
      try {
        return editRecord(`${HEAD}? endpoints\n: []\n`, { team: '\ud800' });
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(ExpectedError);
    expect(error).toMatchObject({ exitCode: EXIT.inTheWay, message: expect.stringContaining('Cannot change team') as string });
  });

  it('says what was asked for and nothing else, however the record is written', { timeout: 300_000 }, () => {
    const met = { edited: 0, refused: 0, linked: 0 };
    fc.assert(
      fc.property(anyRecord, anyAnswers, anyLists, fc.boolean(), (text, more, lists, isWhole) => {
        const before = readRecord(text);
        // Half of the time single endpoints go and come, as by the commands.
        const some = before.endpoints.filter((_, index) => (text.length + index) % 3 > 0);
        const known = new Set(some.map(({ name }) => name));
        const changes: Partial<Answers> = isWhole
          ? { ...more, ...lists }
          : { endpoints: [...some, ...(lists.endpoints ?? []).filter(({ name }) => !known.has(name))] };
        let edited: string;
        try {
          edited = editRecord(text, changes);
        } catch (error) {
          expect(error).toMatchObject({ exitCode: EXIT.inTheWay });
          met.refused++;
          return;
        }
        met.edited++;
        if (text.includes(': *')) met.linked++;
        expect(readRecord(edited)).toEqual({ ...before, ...changes });
        expect(edited.startsWith('\uFEFF')).toBe(text.startsWith('\uFEFF'));
        expect(/(^|[^\r])\n/.test(edited)).toBe(/(^|[^\r])\n/.test(text));
        expect(editRecord(edited, changes)).toBe(edited);
      }),
      { ...RUNS, numRuns: Math.ceil(RUNS.numRuns / 4) },
    );
    expect(met.refused).toBe(0);
    expect(met.edited).toBeGreaterThan(RUNS.numRuns / 20);
    // About one record in five has an alias.
    expect(met.linked).toBeGreaterThan(RUNS.numRuns / 60);
  });
});
