import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { requireWritable } from '../../src/check/output-file.ts';
import { Reference, serve } from './broken/reference.ts';
import { runCheck } from './support/command.ts';

let cwd: string;
let running: Awaited<ReturnType<typeof serve>>;
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'check-output-'));
  running = await serve(new Reference());
});
afterEach(async () => {
  await running.close();
  rmSync(cwd, { recursive: true, force: true });
});

describe('a file that a run will write', () => {
  it('is neither made nor changed before', () => {
    writeFileSync(join(cwd, 'old.html'), 'old');
    for (const name of ['old.html', 'new.html']) requireWritable('--report', join(cwd, name));
    expect(readdirSync(cwd)).toEqual(['old.html']);
    expect(readFileSync(join(cwd, 'old.html'), 'utf8')).toBe('old');
  });

  it('may be the target of a link, which stays one', async () => {
    symlinkSync('target.html', join(cwd, 'link.html'));
    expect((await runCheck([running.url.href, '--only', 'plans', '--report', 'link.html'], { cwd })).code).toBe(0);
    expect(lstatSync(join(cwd, 'link.html')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(cwd, 'target.html'), 'utf8')).toContain('plans.readable');
  });

  it('is not a pipe, which would block', () => {
    execFileSync('mkfifo', [join(cwd, 'pipe')]);
    expect(() => {
      requireWritable('--report', join(cwd, 'pipe'));
    }).toThrow(/--report cannot be written/);
  });

  it.skipIf(!existsSync('/dev/full'))('on a full disk gives the exit code 4, and is not said to be written', async () => {
    const run = await runCheck([running.url.href, '--only', 'plans', '--report', '/dev/full'], { cwd });
    expect(run.code).toBe(4);
    expect(run.stderr).toContain('/dev/full could not be written');
    expect(run.stdout).not.toContain('are in /dev/full');
  });

  it.each([
    [['--report', 'x', '--badge', './x'], '--report and --badge name the same file'],
    [['--baseline', 'b.yaml', '--har', 'b.yaml'], '--baseline and --har name the same file'],
  ])('is not another one: %j', async (args, message) => {
    writeFileSync(join(cwd, 'b.yaml'), '[]');
    const given = args.map((word) => (word === 'b.yaml' ? join(cwd, word) : word));
    const { code, stderr } = await runCheck([running.url.href, ...given], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(readFileSync(join(cwd, 'b.yaml'), 'utf8')).toBe('[]');
  });
});
