import { describe, expect, it } from 'vitest';

import { Pretty } from '../../src/check/report/pretty.ts';
import type { CheckEnding, Result } from '../../src/check/result.ts';
import { terminalOf } from '../../src/terminal/terminal.ts';
import { PASSWORD } from './broken/reference.ts';
import { blocked, createCall, failed, resultOf, runOf, sentBy, SERVICE } from './made-results.ts';

const LONG = `<!doctype html><html><body>${'a long text in HTML '.repeat(30)}${'x'.repeat(300)}</body></html>`;

const SLASH = { status: 308, location: '/resources/', method: 'POST', url: 'http://127.0.0.1:8888/resources/' };

const RESULTS: Result[] = [
  resultOf('plans.readable', 'passed'),
  failed('create.success (json)', {
    problem: 'the create got a 415',
    culprit: sentBy(createCall('json'), { status: 415, body: LONG, headers: { server: 'gunicorn' } }),
  }),
  blocked('create.tags (json)', 'create.success (json)', { problem: 'no instance could be created' }),
  blocked('create.status', 'create.success (json)', { problem: 'no instance could be created' }),
  failed('http.redirect-kept', {
    problem: 'the create is redirected',
    culprit: sentBy(createCall(), { status: 200, hops: [SLASH] }),
  }),
  blocked('bind-app.repeat (form)', 'bind-app.success (form)', { problem: 'the app could not be bound' }),
];

interface Options {
  verbose?: boolean;
  isTerminal?: boolean;
  ending?: CheckEnding;
}

/** What is written about a run on a terminal of 80 columns. */
function written(results: Result[], { verbose = false, isTerminal = true, ending = 'complete' }: Options = {}): string {
  let output = '';
  const stream = { isTTY: isTerminal, columns: 80, write: (text: string) => (output += text) };
  const pretty = new Pretty(terminalOf(stream, stream, { NO_COLOR: '1' }), SERVICE, verbose);
  for (const result of results) pretty.result(result);
  pretty.finish(runOf(results, { ending }), undefined);
  return output;
}

const lines = (text: string) => text.split('\n');

describe('the report on a terminal', () => {
  it('is a to-do list, wrapped at 80 columns', () => {
    const text = written(RESULTS);
    expect(lines(text).filter((line) => line.length > 80 && !/data-raw|^"/.test(line.trim()))).toEqual([]);
    expect(text).toMatchSnapshot();
  });

  it('adds every check, whole replies and the names of those that wait with --verbose', () => {
    expect(written(RESULTS, { verbose: true })).toMatchSnapshot();
  });

  it('gives no advice about a check that passed, although others wait for it', () => {
    const text = written([resultOf('create.success (form)', 'passed'), blocked('create.tags (form)', 'create.success (form)')]);
    expect(text).toContain('1. must  create.success (form), which passed: An instance can be created.\n');
    expect(text).toContain('Note: the same call succeeded at another time');
    expect(text).not.toContain('Fix');
  });

  it('names the advice of each check of a cause', () => {
    const more = { culprit: sentBy(createCall(), { status: 500 }), problem: 'the create got a 500' };
    const text = written([failed('create.no-user (form)', more), failed('create.tags (form)', more)]);
    expect(text).toContain('1. must  create.no-user (form), create.tags (form)\n');
    expect(text).toMatch(/^ {3}create\.no-user: The user and the event id may be empty/m);
    expect(text).toMatch(/^ {3}Fix \(create\.no-user\): Accept an empty `user`/m);
    expect(text).toMatch(/^ {3}Fix \(create\.tags\): Read `tags`/m);
  });

  it('writes each command on one line to a pipe', () => {
    expect(written(RESULTS, { isTerminal: false })).toMatch(/^ {3}curl .*--header 'Connection: close' .*http:\/\/127\.0\.0\.1:8888\/resources$/m);
  });

  it('has no list if nothing is to be done', () => {
    expect(written([resultOf('plans.readable', 'passed')])).toBe(
      "Checking http://127.0.0.1:8888/ with Tsuru's calls (form and json encoding).\n\n1 passed (1.2 s)\n",
    );
  });

  it('shows no control characters and no password of a reply', () => {
    const body = `\x1b[2J\x1b]0;title\x07first\r\nsecond\tcolumn ${PASSWORD}`;
    const text = written([failed('create.success (form)', { culprit: sentBy(createCall(), { status: 500, body }) })]);
    // eslint-disable-next-line no-control-regex -- asserts that there are none
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
    expect(text).not.toContain(PASSWORD);
    expect(text).toMatch(/→ 500 .*first\n +second column \*\*\*\n/);
  });

  it('tells that a reply was too long, or that there was none', () => {
    const long = failed('create.success (form)', { culprit: sentBy(createCall(), { status: 200, body: 'x', isTooLong: true }) });
    expect(written([long])).toContain('→ 200 (more than 1 MiB) x\n');
    const none = failed('create.success (form)', { culprit: sentBy(createCall(), {}) });
    expect(written([none])).toContain('→ none (ECONNRESET)\n');
  });

  it.each([
    ['interrupted', 'The run was stopped.'],
    ['lost', 'The service became unreachable.'],
    ['silent', 'Too many calls got no reply in time; the remaining checks were not run.'],
    ['overdue', 'The run took longer than --max-time allows; the remaining checks were not run.'],
  ] as const)('says why a run is %s', (ending, text) => {
    const output = written([resultOf('plans.readable', 'unfinished')], { ending });
    expect(output.replace(/\n(?=\S)/g, ' ')).toContain(`${text} 0 passed, 1 not run`);
  });
});
