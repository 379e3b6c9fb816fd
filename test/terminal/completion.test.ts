import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { COMMANDS, SHELLS } from '../../src/terminal/commands.ts';
import { completionScript } from '../../src/terminal/completion.ts';
import { flagsOf } from '../../src/terminal/options.ts';
import { needsTool } from '../support/needs.ts';

const scripts = mkdtempSync(join(tmpdir(), 'completion-scripts-'));
for (const shell of SHELLS) writeFileSync(join(scripts, shell), completionScript(shell, COMMANDS));
afterAll(() => {
  rmSync(scripts, { recursive: true, force: true });
});

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'completion-'));
  mkdirSync(join(cwd, 'my dir'));
  writeFileSync(join(cwd, 'manifest.yaml'), '');
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

const isInstalled = (shell: string) => spawnSync(shell, ['--version']).status === 0;

/** The first word of each command, and the directories, as they follow the program's name. */
const FIRST = ['regenerate', 'endpoint', 'check', 'publish', 'sandbox', 'manifest', 'completion', 'my dir'];
const flags = (name: string) => {
  const command = COMMANDS.find((one) => one.name === name);
  return Object.values(command?.options ?? {}).flatMap(flagsOf);
};

/** What is typed, the last word being the one to complete, and what it can become. */
const CASES: [words: string[], completions: string[]][] = [
  [[''], FIRST],
  [['reg'], ['regenerate']],
  [['m'], ['manifest', 'my dir']],
  [['my-db', ''], ['my dir']],
  [['--'], flags('')],
  [['--fr'], ['--framework']],
  [['--no-m'], ['--no-multi-cluster']],
  [['--framework', ''], ['express', 'fastify', 'hono']],
  [['my-db', '--framework', 'f'], ['fastify']],
  [['--team', ''], []],
  [['endpoint', ''], ['add', 'remove', 'list']],
  [['endpoint', 'add', '--'], flags('endpoint add')],
  [['endpoint', 'add', 'x', '--method', 'P'], ['PATCH', 'POST', 'PUT']],
  [['endpoint', 'list', '--'], ['--help', '--version']],
  [['regenerate', '--conflict', ''], ['fail', 'inline', 'theirs-file']],
  [['regenerate', '--restore', ''], ['manifest.yaml', 'my dir']],
  [['check', '--manifest', 'm'], ['manifest.yaml', 'my dir']],
  [['check', '--format', 'j'], ['json', 'junit']],
  [['sandbox', '--state', 'm'], ['manifest.yaml', 'my dir']],
  [['sandbox', '--encoding', ''], ['form', 'json']],
  [['manifest', ''], ['manifest.yaml', 'my dir']],
  [['manifest', '--p'], ['--print']],
  [['completion', ''], [...SHELLS]],
  [['completion', 'z'], ['zsh']],
];

describe('bash', () => {
  /** Completes the last word, as bash calls the function of a command. */
  function complete(words: readonly string[]): string[] {
    const driver = `
      source '${join(scripts, 'bash')}'
      COMP_WORDS=(create-tsuru-service "$@")
      COMP_CWORD=$#
      spec=$(complete -p create-tsuru-service)
      [[ $spec =~ -F\\ ([^ ]+) ]] && "\${BASH_REMATCH[1]}" create-tsuru-service
      (( \${#COMPREPLY[@]} )) && printf '%s\\n' "\${COMPREPLY[@]}"
      true
    `;
    const output = execFileSync('bash', ['--norc', '-c', driver, 'bash', ...words], { cwd, encoding: 'utf8' });
    return output.split('\n').slice(0, -1);
  }

  it.each(CASES)('completes %j to %j', (words, completions) => {
    expect(complete(words).sort()).toEqual([...completions].sort());
  });

  it('completes the value in --option=value, which bash takes for three words', () => {
    expect(complete(['--framework', '='])).toEqual(['express', 'fastify', 'hono']);
    expect(complete(['--framework', '=', 'h'])).toEqual(['hono']);
  });
});

describe('zsh', () => {
  it('parses the script', (context) => {
    needsTool(context, 'zsh', isInstalled('zsh'));
    execFileSync('zsh', ['--no-rcs', '-n', join(scripts, 'zsh')], { stdio: 'pipe' });
  });

  it('is given every command, option, choice and path', () => {
    const script = completionScript('zsh', COMMANDS);
    expect(script).toMatch(/^#compdef create-tsuru-service\n/);
    expect(script).toContain("'--framework=[the web framework]:framework:(express fastify hono)'");
    expect(script).toContain("'*--restore=[restore a file to its generated content]:restore:_files'");
    expect(script).toContain("'--no-git[do not create a git repository with a first commit]'");
    for (const { name } of COMMANDS) expect(script).toContain(`    '${name}')\n`);
  });
});

describe('fish', () => {
  it('parses the script', (context) => {
    needsTool(context, 'fish', isInstalled('fish'));
    execFileSync('fish', ['--no-execute', join(scripts, 'fish')], { stdio: 'pipe' });
  });

  it.for(CASES)('completes %j to %j', ([words, completions], context) => {
    needsTool(context, 'fish', isInstalled('fish'));
    const line = ['create-tsuru-service', ...words].map((word) => word.replaceAll(' ', '\\ ')).join(' ');
    const driver = `source '${join(scripts, 'fish')}'; complete --do-complete "$argv[1]"`;
    const output = execFileSync('fish', ['--no-config', '-c', driver, line], { cwd, encoding: 'utf8' });
    const found = output.split('\n').slice(0, -1).map((one) => one.replace(/\t.*/, '').replace(/\/$/, ''));
    expect(found.filter((one) => !one.startsWith('-') || words.at(-1)?.startsWith('-')).sort()).toEqual([...completions].sort());
  });

  it('is given every command, option, choice and path', () => {
    const script = completionScript('fish', COMMANDS);
    expect(script).toContain(`-l framework -x -a 'express fastify hono' -d 'the web framework'`);
    expect(script).toContain(`-l restore -r -F -d 'restore a file to its generated content'`);
    expect(script).toContain(`-a '(__fish_complete_directories)'`);
    for (const { name } of COMMANDS) expect(script).toContain(`__create_tsuru_service_is \\'${name}\\'`);
  });
});
