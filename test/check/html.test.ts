import { createHash } from 'node:crypto';
import { runInNewContext } from 'node:vm';

import { describe, expect, it } from 'vitest';

import { toHtml } from '../../src/check/report/html.ts';
import type { Result } from '../../src/check/result.ts';
import { blocked, createCall, failed, resultOf, runOf, sentBy, SERVICE } from './made-results.ts';

const pageOf = (...results: Result[]) => toHtml(runOf(results), SERVICE);

/** What stands between a tag and its end, for each such tag. */
const inside = (page: string, tag: string) => [...page.matchAll(new RegExp(`<${tag}>([^]*?)</${tag}>`, 'g'))].map(([, text = '']) => text);

const ATTACKS = [
  '</script><img src=x onerror=alert(1)>',
  '</style><script>alert(1)</script>',
  '</pre></li></ol><svg/onload=alert(1)>',
  '"><a href="javascript:alert(1)">x</a>',
  '<!--', ']]>', '&lt;script&gt;', '\0\x1b[2J\u2028\ud800',
];

describe('the page of a run', () => {
  it('begins with the to-do list, before all checks', () => {
    const page = pageOf(
      resultOf('plans.readable', 'passed'),
      failed('create.success (json)', { culprit: sentBy(createCall('json'), { status: 415, headers: { server: 'gunicorn' } }) }),
      blocked('create.tags (json)', 'create.success (json)'),
    );
    const list = page.slice(page.indexOf('<h2>To do</h2>'), page.indexOf('<h2>All checks</h2>'));
    expect(list).toContain('<li class="must"><h3><b>must</b> create.success (json)</h3>');
    expect(list).toContain('curl --path-as-is --request POST');
    expect(list).toContain('<b>Fix</b>: Read a form or JSON');
    expect(list).toContain('<b>Hint (WSGI)</b>');
    expect(list).toContain('1 check waits for this.');
    expect(page.indexOf('data-outcome="passed"')).toBeGreaterThan(page.indexOf('<h2>All checks</h2>'));
  });

  it('tells when, with what version and against what it ran', () => {
    const page = pageOf(resultOf('plans.readable', 'passed'));
    expect(page).toContain('<p>http://127.0.0.1:8888/<br>');
    expect(page).toContain('<time>2026-08-01T12:00:00.000Z</time>, 1.2 s, create-tsuru-service 0.0.0');
    expect(page).not.toContain('To do');
  });

  it.each(ATTACKS)('shows the hostile text %j as text, wherever it comes from', (attack) => {
    const reply = {
      status: 500,
      body: attack,
      headers: { server: attack, 'content-type': attack },
      hops: [{ status: 307, location: attack, method: 'POST', url: undefined }],
    };
    const culprit = sentBy(createCall('form', `ck${attack}`), reply);
    const results = [
      failed('create.success (form)', { culprit, problem: attack }),
      resultOf('plans.shown', 'skipped', { problem: attack }),
    ];
    const service = { ...SERVICE, id: attack, username: attack };
    const page = toHtml(runOf(results, { left: [{ name: attack, removal: createCall('form', attack) }] }), service);
    const plain = toHtml(runOf([failed('create.success (form)', { culprit: sentBy(createCall(), { status: 500 }) }), resultOf('plans.shown', 'skipped')], { left: [{ name: 'x', removal: createCall() }] }), SERVICE);
    const tags = (text: string) => (text.match(/<[!/a-z][^>]*>/gi) ?? []).map((tag) => tag.replace(/ content=".*"/, ''));
    expect(tags(page)).toEqual(tags(plain));
    // eslint-disable-next-line no-control-regex -- asserts that there are none
    expect(page).not.toMatch(/[\x00-\x08\x0b-\x1f]/);
  });

  it('may load and run nothing but its own style and script', () => {
    const page = pageOf(failed('create.success (form)'));
    const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(page)?.[1] ?? '';
    const hash = (text = '') => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const [script, ...others] = inside(page, 'script');
    expect(others).toEqual([]);
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `style-src ${hash(inside(page, 'style')[0])}`,
      `script-src ${hash(script)}`,
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    // Before anything that a service replied.
    expect(page.indexOf('http-equiv')).toBeLessThan(page.indexOf('<title>'));
    expect(page).not.toMatch(/ (style|on[a-z]+|src|href)=/);
  });
});

describe('the filter of the page', () => {
  const results = [
    failed('create.success (form)'),
    blocked('create.tags (form)', 'create.success (form)'),
    resultOf('plans.readable', 'passed'),
    resultOf('plans.described', 'skipped', { problem: 'the service has no plans' }),
  ];
  const page = pageOf(...results);

  /** Runs the script of the page with stand-ins for its elements. @returns the labels that are shown, and the count */
  function shown(unchecked: readonly string[], text: string) {
    const checks = [...page.matchAll(/<details class="check [^"]*" data-outcome="(\w+)" data-level="(\w+)"[^]*?<\/b> ([^<]*) <small>[^]*?<\/dl>/g)].map(
      ([textContent, outcome, level, label = '']) => ({ textContent, label, dataset: { outcome, level }, hidden: false }),
    );
    const boxes = [...page.matchAll(/<input type="checkbox" value="(\w+)" checked>/g)].map(([, value = '']) => ({ value }));
    const listeners: Record<string, () => void> = {};
    const form = {
      hidden: true,
      text: { value: '' },
      querySelectorAll: () => boxes.filter(({ value }) => !unchecked.includes(value)),
      addEventListener: (event: string, listener: () => void) => (listeners[event] = listener),
    };
    const groups = ['create', 'plans'].map((group) => ({
      hidden: false,
      querySelector: () => checks.find(({ label, hidden }) => label.startsWith(group) && !hidden),
    }));
    const output = { value: '' };
    const document = {
      forms: [form],
      querySelector: () => output,
      querySelectorAll: (selector: string) => (selector === '.check' ? checks : groups),
    };
    runInNewContext(inside(page, 'script')[0] ?? '', { document });
    expect(form.hidden).toBe(false);
    form.text.value = text;
    listeners['input']?.();
    return {
      labels: checks.filter(({ hidden }) => !hidden).map(({ label }) => label),
      groups: groups.filter(({ hidden }) => !hidden).length,
      count: output.value,
    };
  }

  it('shows everything at first', () => {
    expect(shown([], '')).toEqual({
      labels: ['create.success (form)', 'create.tags (form)', 'plans.readable', 'plans.described'],
      groups: 2,
      count: '4 of 4 checks',
    });
  });

  it.each([
    [['passed', 'skipped'], '', ['create.success (form)', 'create.tags (form)']],
    [['must', 'should'], '', ['plans.described']],
    [[], 'NO plans', ['plans.described']],
    [['blocked'], 'create', ['create.success (form)']],
  ])('hides %j and what lacks %j', (unchecked, text, labels) => {
    const { labels: left, groups, count } = shown(unchecked, text);
    expect(left).toEqual(labels);
    expect(groups).toBe(1);
    expect(count).toBe(`${labels.length} of 4 checks`);
  });
});
