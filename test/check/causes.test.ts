import { describe, expect, it } from 'vitest';

import { causesOf } from '../../src/check/report/causes.ts';
import { labelOf, type Result } from '../../src/check/result.ts';
import { blocked, createCall, failed, resultOf, sentBy } from './made-results.ts';

/** Each cause with the checks that wait for it. */
const listOf = (results: readonly Result[]) =>
  causesOf(results).map(({ title, waiting }) => [title, waiting.map(({ check, encoding }) => labelOf(check.id, encoding))]);

describe('the causes of a run', () => {
  it('are none if no check failed or waits', () => {
    expect(causesOf([resultOf('plans.readable', 'passed'), resultOf('plans.named', 'skipped'), resultOf('status.up', 'unfinished')])).toEqual([]);
  });

  it('are what failed, with the checks that wait for it, through others as well', () => {
    const results = [
      failed('create.success (form)'),
      blocked('bind-app.success (form)', 'create.success (form)'),
      blocked('bind-app.repeat (form)', 'bind-app.success (form)'),
      failed('status.missing'),
    ];
    expect(listOf(results)).toEqual([
      ['create.success (form)', ['bind-app.success (form)', 'bind-app.repeat (form)']],
      ['status.missing', []],
    ]);
  });

  it('unite the encodings of a check, even with different problems', () => {
    const results = [
      failed('create.success (form)', { problem: 'the create got a 500' }),
      failed('create.success (json)', { problem: 'the create got a 415' }),
      blocked('bind-app.success (form)', 'create.success (form)'),
      blocked('bind-app.success (json)', 'create.success (json)'),
    ];
    const [cause, ...others] = causesOf(results);
    expect(others).toEqual([]);
    expect(cause?.title).toBe('create.success (form and json)');
    expect(cause?.findings.map(({ labels, problem }) => [labels, problem])).toEqual([
      [['create.success (form)'], 'the create got a 500'],
      [['create.success (json)'], 'the create got a 415'],
    ]);
    expect(cause?.waiting).toHaveLength(2);
  });

  it('unite checks whose requests got the same reply, apart from the names', () => {
    const reply = (name: string) => ({ status: 500, body: `cannot make ${name} of 17` });
    const more = (name: string) => ({ culprit: sentBy(createCall('form', name), reply(name)), problem: 'the create got a 500' });
    const [cause, ...others] = causesOf([
      failed('create.tags (form)', more('ck1')),
      failed('names.hyphen (form)', more('ck-2')),
    ]);
    expect(others).toEqual([]);
    expect([cause?.title, cause?.findings.length]).toEqual(['create.tags (form), names.hyphen (form)', 1]);
    expect(cause?.checks.map(({ id }) => id)).toEqual(['create.tags', 'names.hyphen']);
  });

  it('are apart if the replies differ', () => {
    const more = (body: string) => ({ culprit: sentBy(createCall(), { status: 400, body }), problem: 'the create got a 400' });
    const results = [failed('create.tags (form)', more('no tags')), failed('names.hyphen (form)', more('no hyphens'))];
    expect(causesOf(results)).toHaveLength(2);
  });

  it('tell a problem of both encodings once, whatever secrets the replies have', () => {
    const more = (encoding: 'form' | 'json', body: string) => ({
      problem: 'the repeated bind returned different variables: PASSWORD',
      culprit: sentBy(createCall(encoding), { status: 201, body }),
    });
    const [cause] = causesOf([
      failed('bind-app.repeat (form)', more('form', '{"PASSWORD":"abc"}')),
      failed('bind-app.repeat (json)', more('json', '{"PASSWORD":"xyz"}')),
    ]);
    expect(cause?.findings.map(({ labels }) => labels)).toEqual([['bind-app.repeat (form)', 'bind-app.repeat (json)']]);
  });

  it('begin with what keeps a must from passing, then with what most checks wait for', () => {
    const results = [
      failed('plans.described'),
      failed('create.unknown-plan (form)'),
      failed('create.tags (form)'),
      failed('bind-app.success (form)'),
      blocked('bind-app.repeat (form)', 'bind-app.success (form)'),
      failed('http.redirect-kept'),
      blocked('unbind-app.success (form)', 'http.redirect-kept'),
      blocked('unbind-app.twice (form)', 'http.redirect-kept'),
    ];
    expect(causesOf(results).map(({ title, level }) => `${level} ${title}`)).toEqual([
      'should http.redirect-kept',
      'must bind-app.success (form)',
      'must create.tags (form)',
      'should create.unknown-plan (form)',
      'may plans.described',
    ]);
  });

  it.each([
    ['was not run', []],
    ['was not run', [resultOf('create.success (form)', 'unfinished')]],
    ['passed', [resultOf('create.success (form)', 'passed')]],
    ['was skipped', [resultOf('create.success (form)', 'skipped')]],
  ])('name a check that others wait for although it %s', (untested, there) => {
    const waits = ['bind-app.success (form)', 'bind-job.success (form)'].map((label) => blocked(label, 'create.success (form)'));
    const [cause, ...others] = causesOf([...there, ...waits]);
    expect(others).toEqual([]);
    expect(cause).toMatchObject({ title: 'create.success (form)', untested, level: 'must' });
    expect(cause?.checks.map(({ id }) => id)).toEqual(['create.success']);
    expect(cause?.waiting).toHaveLength(2);
  });

  it('name a check that was not run once for both encodings', () => {
    const waits = (['form', 'json'] as const).map((encoding) =>
      blocked(`bind-app.success (${encoding})`, `create.success (${encoding})`, { problem: `none in ${encoding}` }),
    );
    const [cause, ...others] = causesOf(waits);
    expect(others).toEqual([]);
    expect(cause?.title).toBe('create.success (form and json)');
    expect(cause?.findings.map(({ problem }) => problem)).toEqual(['none in form', 'none in json']);
    expect(cause?.waiting).toHaveLength(2);
  });

  it('name a check once that waits for itself, for nothing, or in a circle', () => {
    const results = [
      blocked('plans.named', 'plans.named'),
      blocked('plans.shown', undefined),
      blocked('update.success (form)', 'update.not-found (form)'),
      blocked('update.not-found (form)', 'update.success (form)'),
      blocked('update.empty (form)', 'update.success (form)'),
    ];
    expect(listOf(results)).toEqual([
      ['update.not-found (form)', ['update.success (form)', 'update.empty (form)']],
      ['plans.named', []],
      ['plans.shown', []],
    ]);
    expect(new Set(causesOf(results).map(({ untested }) => untested))).toEqual(new Set(['could not be tested']));
  });
});
