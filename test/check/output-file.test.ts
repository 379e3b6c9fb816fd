import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { requireWritable } from '../../src/check/output-file.ts';
import { runCheck } from './support/command.ts';
import { serveEachTest } from './support/served.ts';

const served = serveEachTest();

describe('a file that a run will write', () => {
  it('is neither made nor changed before', () => {
    writeFileSync(join(served.cwd, 'old.html'), 'old');
    for (const name of ['old.html', 'new.html']) requireWritable('--report', join(served.cwd, name));
    expect(readdirSync(served.cwd)).toEqual(['old.html']);
    expect(readFileSync(join(served.cwd, 'old.html'), 'utf8')).toBe('old');
  });

  it('may be the target of a link, which stays one', async () => {
    symlinkSync('target.html', join(served.cwd, 'link.html'));
    expect((await runCheck([served.running.url.href, '--only', 'plans', '--report', 'link.html'], { cwd: served.cwd })).code).toBe(0);
    expect(lstatSync(join(served.cwd, 'link.html')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(served.cwd, 'target.html'), 'utf8')).toContain('plans.readable');
  });

  it('is not a pipe, which would block', () => {
    execFileSync('mkfifo', [join(served.cwd, 'pipe')]);
    expect(() => {
      requireWritable('--report', join(served.cwd, 'pipe'));
    }).toThrow(/--report cannot be written/);
  });

  it.skipIf(!existsSync('/dev/full'))('on a full disk gives the exit code 4, and is not said to be written', async () => {
    const run = await runCheck([served.running.url.href, '--only', 'plans', '--report', '/dev/full'], { cwd: served.cwd });
    expect(run.code).toBe(4);
    expect(run.stderr).toContain('/dev/full could not be written');
    expect(run.stdout).not.toContain('are in /dev/full');
  });

  it.each([
    [['--report', 'x', '--badge', './x'], '--report and --badge name the same file'],
    [['--baseline', 'b.yaml', '--har', 'b.yaml'], '--baseline and --har name the same file'],
  ])('is not another one: %j', async (args, message) => {
    writeFileSync(join(served.cwd, 'b.yaml'), '[]');
    const given = args.map((word) => (word === 'b.yaml' ? join(served.cwd, word) : word));
    const { code, stderr } = await runCheck([served.running.url.href, ...given], { cwd: served.cwd });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(readFileSync(join(served.cwd, 'b.yaml'), 'utf8')).toBe('[]');
  });
});
