import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Program } from '../../src/steps/process.ts';
import { runProgram } from '../support/programs.ts';

describe('running a program', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'program-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  const run = (args: readonly string[], others: Partial<Program> = {}) =>
    runProgram({ command: process.execPath, args, cwd: directory, environment: { PATH: process.env['PATH'] }, ...others });
  const evaluate = (script: string, others: Partial<Program> = {}) => run(['--eval', script], others);

  it('gives its output, each stream and both in order', async () => {
    const pieces: string[] = [];
    const script = `process.stdout.write('a é', () => process.stderr.write('b', () => setTimeout(() => process.stdout.write('c'), 50)))`;
    const ended = await evaluate(script, { onOutput: (text) => pieces.push(text) });
    expect(ended).toEqual({ ok: true, isMissing: false, ending: '0', stdout: 'a éc', stderr: 'b', all: pieces.join('') });
    expect(ended.all).toMatch(/^(a éb|ba é)c$/);
  });

  it('has only the given environment, the given directory and no input', async () => {
    const script = `process.stdin.on('data', () => {}).on('end', () => console.log(JSON.stringify([process.env.HOME ?? '', process.env.X, process.cwd()])))`;
    const { stdout } = await evaluate(script, { environment: { X: 'y' } });
    expect(JSON.parse(stdout)).toEqual(['', 'y', directory]);
  });

  it.each([
    ['its exit code', 'process.exit(7)', '7'],
    ['the signal that ended it', "process.kill(process.pid, 'SIGKILL')", 'SIGKILL'],
  ])('says %s', async (_, script, ending) => {
    expect(await evaluate(script)).toMatchObject({ ok: false, isMissing: false, ending });
  });

  it('says that it is not on PATH', async () => {
    const ended = await run([], { command: 'no-such-program' });
    expect(ended).toMatchObject({ ok: false, isMissing: true, ending: 'spawn no-such-program ENOENT' });
  });

  it.each([
    ['it may not be run', { command: './plain' }, /EACCES/],
    ['its directory is a file', { cwd: 'plain' }, /ENOTDIR/],
    ['its arguments are too long', { args: ['a'.repeat(4_000_000)] }, /E2BIG/],
  ])('says why it could not be started: %s', async (_, others: Partial<Program>, ending) => {
    writeFileSync(join(directory, 'plain'), '');
    const ended = await run([], { ...others, ...(others.cwd !== undefined && { cwd: join(directory, others.cwd) }) });
    expect(ended).toMatchObject({ ok: false, isMissing: false, ending: expect.stringMatching(ending) as string });
  });

  it.each([
    ['by SIGTERM', '', {}, 'SIGTERM'],
    ['by SIGKILL if SIGTERM does nothing', "process.on('SIGTERM', () => {});", { grace: 50 }, 'SIGKILL'],
  ])('ends it %s, with all that it started', async (_, deaf, others: Partial<Program>, ending) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const inner = `${deaf} require('net').connect(${port}, '127.0.0.1')`;
    const script = `${deaf} require('child_process').spawn(process.execPath, ['--eval', ${JSON.stringify(inner)}], { stdio: 'ignore' }); setInterval(() => {}, 1000)`;
    const abort = new AbortController();
    const ended = evaluate(script, { ...others, signal: abort.signal });
    const [socket] = (await once(server, 'connection')) as [Socket];
    const closed = once(socket.on('error', () => {}).resume(), 'close');
    abort.abort();
    expect(await ended).toMatchObject({ ok: false, ending });
    await closed;
    server.close();
  });
});
