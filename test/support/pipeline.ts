import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a shell step said, and its exit code. */
export interface StepRun {
  code: number | null;
  output: string;
}

/** Runs one script as a CI system does: it ends at the first command that fails. */
export async function runScript(script: string, cwd: string, environment: NodeJS.ProcessEnv): Promise<StepRun> {
  const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', script], { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

/** A pull request, as GitHub has it. */
export interface Pull {
  number: number;
  state: 'open' | 'closed';
  sha: string;
  title: string;
  body: string;
  base: string;
  head: string;
}

/**
 * What stands for GitHub's API: a program `gh` that lists, makes and changes pull requests in a file, and refuses all else.
 */
export class PullRequests {
  private readonly file: string;
  /** The directory with the program, for the PATH. */
  readonly bin: string;

  /** @param remote the bare repository, whose branches the requests follow */
  constructor(directory: string, remote: string) {
    this.bin = join(directory, 'gh-bin');
    this.file = join(directory, 'pulls.json');
    mkdirSync(this.bin);
    const program = join(this.bin, 'gh');
    writeFileSync(program, `#!${process.execPath}\n${GH.replace('FILE', JSON.stringify(this.file)).replace('REMOTE', JSON.stringify(remote))}`);
    chmodSync(program, 0o755);
  }

  all(): Pull[] {
    return existsSync(this.file) ? (JSON.parse(readFileSync(this.file, 'utf8')) as Pull[]) : [];
  }

  close(number: number): void {
    this.change(number, { state: 'closed' });
  }

  change(number: number, fields: Partial<Pull>): void {
    writeFileSync(this.file, JSON.stringify(this.all().map((pull) => (pull.number === number ? { ...pull, ...fields } : pull))));
  }

  /** Runs a script for the shell while the pull requests are listed. */
  meanwhile(script: string): void {
    writeFileSync(`${this.file}.sh`, script);
  }
}

const GH = `
const { execFileSync } = require('node:child_process');
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const [file, remote] = [FILE, REMOTE];
const shaOf = (branch) => execFileSync('git', ['rev-parse', branch], { cwd: remote, encoding: 'utf8' }).trim();
const pulls = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
for (const pull of pulls) if (pull.state === 'open') pull.sha = shaOf(pull.head);
const [, , command, ...rest] = process.argv;
const fields = {};
let [method, path, jq] = ['GET', '', ''];
while (rest.length > 0) {
  const word = rest.shift();
  if (word === '--method') method = rest.shift();
  else if (word === '--jq') jq = rest.shift();
  else if (word === '-f' || word === '-F') {
    const [, key, value] = /^(\\w+)=([^]*)$/.exec(rest.shift());
    fields[key] = word === '-F' && value.startsWith('@') ? readFileSync(value.slice(1), 'utf8') : value;
  } else path = word;
}
// As gh does: fields make a POST.
if (method === 'GET' && Object.keys(fields).length > 0) method = 'POST';
const refuse = (why) => { console.error('gh: ' + why); process.exit(1); };
if (command !== 'api' || process.env.GH_TOKEN !== 'token-of-the-job') refuse('not allowed');
if (method === 'GET' && path === 'repos/me/my-service/pulls?state=all&head=me:create-tsuru-service-update') {
  if (jq !== '.[] | "\\\\(.state) \\\\(.number) \\\\(.head.sha)", "\\\\(.merged_at) \\\\(.title)"') refuse('unexpected filter ' + jq);
  if (existsSync(file + '.sh')) execFileSync('sh', [file + '.sh']);
  for (const { state, number, sha, title } of [...pulls].reverse()) console.log(state + ' ' + number + ' ' + sha + '\\nnull ' + title);
} else if (method === 'POST' && path === 'repos/me/my-service/pulls') {
  if (pulls.some(({ state, head }) => state === 'open' && head === fields.head)) refuse('A pull request already exists');
  pulls.push({ number: pulls.length + 1, state: 'open', sha: shaOf(fields.head), ...fields });
} else if (method === 'PATCH') {
  const pull = pulls.find(({ number }) => path === 'repos/me/my-service/pulls/' + number) ?? refuse('Not Found');
  Object.assign(pull, fields);
} else refuse('unexpected ' + method + ' ' + path);
writeFileSync(file, JSON.stringify(pulls));
`;
