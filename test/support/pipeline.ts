import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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

/** The outputs of a job, of what its steps wrote to `$GITHUB_OUTPUT`. */
export function outputsOf(text: string): Record<string, string> {
  const found = text.matchAll(/^(\w+)(?:=(.*)|<<(.+)\n([^]*?)\n\3)$/gm);
  return Object.fromEntries([...found].map(([, name = '', line, , lines = '']) => [name, line ?? lines]));
}

/** A server of one repository for git over HTTP. */
export interface GitServer {
  url: string;
  close: () => void;
}

/**
 * Serves a repository at any path that ends in `.git`, with git's own program, to one user only.
 * @param credentials user and password, with a colon between them
 */
export async function startGitServer(repository: string, credentials: string): Promise<GitServer> {
  const server = createServer((request, response) => {
    if (request.headers.authorization !== `Basic ${Buffer.from(credentials).toString('base64')}`) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    const [path = '', query = ''] = String(request.url).split('?');
    const environment = {
      ...{ PATH: process.env['PATH'], REMOTE_USER: 'user', GIT_HTTP_EXPORT_ALL: '1', REQUEST_METHOD: request.method },
      ...{ PATH_TRANSLATED: repository + path.replace(/^.*?\.git/, ''), QUERY_STRING: query, CONTENT_TYPE: request.headers['content-type'] },
      ...{ HTTP_CONTENT_ENCODING: request.headers['content-encoding'], GIT_PROTOCOL: String(request.headers['git-protocol'] ?? '') },
    };
    const child = spawn('git', ['http-backend'], { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
    request.pipe(child.stdin);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('close', () => {
      const reply = Buffer.concat(chunks);
      const end = reply.indexOf('\r\n\r\n');
      for (const line of reply.subarray(0, end).toString().split('\r\n')) {
        const [name = '', value = ''] = line.split(': ');
        if (name === 'Status') response.statusCode = Number.parseInt(value);
        else response.setHeader(name, value);
      }
      response.end(reply.subarray(end + 4));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
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

  /** Runs a script for the shell between what is done and its push. */
  beforePush(script: string): void {
    const git = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
    const first = `if [ "$1$INSIDE" = push ]; then (export INSIDE=yes; ${script}); fi`;
    writeFileSync(join(this.bin, 'git'), `#!/bin/sh\n${first}\nexec ${git} "$@"\n`, { mode: 0o755 });
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
let [method, path, jq] = ['', '', ''];
while (rest.length > 0) {
  const word = rest.shift();
  if (word === '--method') method = rest.shift();
  else if (word === '--jq') jq = rest.shift();
  else if (word === '-f' || word === '-F') {
    const [, key, value] = /^(\\w+)=([^]*)$/.exec(rest.shift());
    fields[key] = word === '-F' && value.startsWith('@') ? readFileSync(value.slice(1), 'utf8') : value;
  } else path = word;
}
// As gh does: fields make a POST, unless it is told another method.
method ||= Object.keys(fields).length > 0 ? 'POST' : 'GET';
const refuse = (why) => { console.error('gh: ' + why); process.exit(1); };
if (command !== 'api' || process.env.GH_TOKEN !== 'token-of-the-job') refuse('not allowed');
if (method === 'GET' && path === 'repos/me/my-service/pulls' && fields.state === 'all' && fields.head === 'me:create-tsuru-service-update') {
  if (jq !== '.[] | "\\\\(.state) \\\\(.number) \\\\(.head.sha) \\\\(.merged_at) \\\\(.title | @json)"') refuse('unexpected filter ' + jq);
  for (const { state, number, sha, title } of pulls.filter(({ base }) => base === fields.base).reverse()) console.log(state, number, sha, null, JSON.stringify(title));
} else if (method === 'POST' && path === 'repos/me/my-service/pulls') {
  if (pulls.some(({ state, head }) => state === 'open' && head === fields.head)) refuse('A pull request already exists');
  pulls.push({ number: pulls.length + 1, state: 'open', sha: shaOf(fields.head), ...fields });
} else if (method === 'PATCH') {
  const pull = pulls.find(({ number }) => path === 'repos/me/my-service/pulls/' + number) ?? refuse('Not Found');
  Object.assign(pull, fields);
} else refuse('unexpected ' + method + ' ' + path);
writeFileSync(file, JSON.stringify(pulls));
`;
