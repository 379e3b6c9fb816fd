import { describe, expect, it } from 'vitest';

import type { RunFacts } from '../../src/check/report/facts.ts';
import { toJson, toJunit, toTap } from '../../src/check/report/machine.ts';
import { blocked, createCall, failed, resultOf, runOf, sentBy, SERVICE } from './made-results.ts';

const CULPRIT = sentBy(createCall('json'), {
  status: 404,
  isTooLong: true,
  hops: [{ status: 307, location: '/a?p=a secret of the tests', method: 'POST', url: undefined }],
});
const RUN = runOf([
  failed('create.success (json)', { culprit: CULPRIT }),
  blocked('create.tags (json)', 'create.success (json)', { culprit: CULPRIT }),
  blocked('create.status', 'create.success (json)'),
  resultOf('plans.readable', 'passed'),
]);

describe('the reports for programs', () => {
  it('have the to-do list, the start and what each check waits for in JSON', () => {
    const facts = JSON.parse(toJson(RUN, SERVICE)) as RunFacts;
    expect(facts).toMatchObject({ version: 2, generator: '0.0.0', started: '2026-08-01T12:00:00.000Z' });
    expect(facts.checks.map(({ waitsFor }) => waitsFor)).toEqual([null, 'create.success (json)', 'create.success (json)', null]);
    expect(facts.causes).toEqual([
      {
        title: 'create.success (json)',
        level: 'must',
        untested: null,
        checks: [{ id: 'create.success', rule: 'An instance can be created.', fix: expect.stringContaining('201') as string }],
        findings: [
          {
            checks: ['create.success (json)'],
            problem: 'The problem of create.success.',
            encoding: 'json',
            exchange: facts.checks[0]?.culprit,
          },
        ],
        hint: null,
        waiting: ['create.tags (json)', 'create.status'],
        waitingMusts: 1,
      },
    ]);
  });

  it('have redirects, without the password, and whether a reply was too long', () => {
    const { checks } = JSON.parse(toJson(RUN, SERVICE)) as RunFacts;
    expect(checks[0]?.culprit).toMatchObject({ isTooLong: true, hops: [{ status: 307, location: '/a?p=***' }] });
  });

  it('name what a check waits for, and the failing request, in JUnit', () => {
    const junit = toJunit(RUN, SERVICE);
    expect(junit).toContain('<error type="must" message="waits for create.success (json): The problem of create.tags.">');
    expect(junit).toContain('<skipped message="waits for create.success (json): The problem of create.status."/>');
    expect(junit).toMatch(/<failure [^>]*>[^<]*\nrequest: curl --path-as-is --request POST /);
    expect(junit).toContain('reply: 307 to /a?p=*** → 404 (more than 1 MiB)');
  });

  it('name what a check waits for, and the failing request, in TAP', () => {
    const tap = toTap(RUN, SERVICE);
    expect(tap.match(/^ {2}waits for: "create\.success \(json\)"$/gm)).toHaveLength(2);
    expect(tap).toMatch(/^ {2}request: "curl --path-as-is --request POST /m);
  });
});
