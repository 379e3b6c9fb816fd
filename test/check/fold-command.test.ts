import { execFileSync } from 'node:child_process';

import { describe, expect, it } from 'vitest';

import { foldCommand } from '../../src/text.ts';

/** The words that a shell makes of a command of curl. */
function wordsOf(command: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${command}`;
  const env = { PATH: process.env['PATH'], SERVICE_PASSWORD: 'a b' };
  return execFileSync('sh', ['-c', script], { env, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' }).split('\0').slice(0, -1);
}

describe('a folded command', () => {
  it.each([
    `curl --path-as-is --request POST --user svc:"$SERVICE_PASSWORD" --header 'Accept: application/json' http://127.0.0.1:1/resources`,
    `curl --data-raw 'it'\\''s  two   spaces --header x \\ "quoted" and\nlines' --header 'Content-Type:' 'http://127.0.0.1:1/a b'`,
    `curl --header "Authorization: Basic $(printf %s svc:"$SERVICE_PASSWORD" | base64 | tr -d '\\n')" http://127.0.0.1:1/`,
    `curl --data-raw 'cut' http://127.0.0.1:1/ # the body is cut here: it has 5000 characters, it's long`,
  ])('is the same one to a shell: %s', (command) => {
    const lines = foldCommand(command, 40);
    expect(lines.length).toBeGreaterThan(1);
    expect(wordsOf(lines.join('\n    '))).toEqual(wordsOf(command));
  });

  it('has lines of at most that many columns, and options with their values', () => {
    expect(foldCommand(`curl --path-as-is --request POST --header 'Accept: application/json' http://127.0.0.1:1/`, 40)).toEqual([
      'curl --path-as-is --request POST \\',
      "--header 'Accept: application/json' \\",
      'http://127.0.0.1:1/',
    ]);
  });
});
