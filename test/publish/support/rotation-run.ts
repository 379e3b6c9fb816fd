import * as nodeFileSystem from 'node:fs';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { publish } from '../../../src/commands/publish.ts';
import { ExpectedError } from '../../../src/errors.ts';
import type { FileSystem, Owner } from '../../../src/project/root.ts';
import { passwordsIn, type Passwords } from '../../../src/publish/rotation/env-file.ts';
import { SECRET_FILES } from '../../../src/publish/rotation/replace-file.ts';
import { startSandbox, type Sandbox } from '../../../src/sandbox/sandbox.ts';
import type { Terminal } from '../../../src/terminal/terminal.ts';
import { parseManifest } from '../../../src/tsuru/manifest.ts';
import { machine } from '../../support/disks.ts';
import { FAST_DISK, projectTree, SECRET } from '../../support/project.ts';
import { answersWith } from '../../support/answers.ts';
import { tsuruApi, type TsuruApi } from '../../sandbox/support/tsuru-api.ts';
import { startCutProxy, type CutProxy } from './cut-proxy.ts';
import { startRotatedService, type RotatedService } from './rotated-service.ts';

/** What a run of the command said, and its exit code; undefined if it was stopped by a test. */
export interface PublishRun {
  code: number | undefined;
  output: string;
}

export interface RunOptions {
  fs?: FileSystem;
  environment?: Record<string, string>;
  /** Milliseconds. */
  patience?: number;
}

/** A project with its service, and a Tsuru that has it, with an instance. */
export interface RotatedProject {
  directory: string;
  /** The directory around it. */
  scratch: string;
  service: RotatedService;
  sandbox: Sandbox;
  /** Before Tsuru. */
  proxy: CutProxy;
  /** The passwords that were made. */
  made: string[];
  read: (path: string) => string;
  write: (path: string, text: string) => void;
  run: (args: readonly string[], options?: RunOptions) => Promise<PublishRun>;
  /** The passwords in the files, and that of Tsuru's calls. */
  passwords: () => Promise<Passwords & { manifest: string | undefined; tsuru: string }>;
  /** Makes Tsuru call the service. @returns what did not work */
  call: () => Promise<string[]>;
  /** Gives .env and manifest.yaml another owner, such as this user can. @returns undefined if there is none */
  giveAway: () => Owner | undefined;
  /** Of .env and manifest.yaml. */
  owners: () => Owner[];
  /** What a rotation left beside the files. */
  leftOvers: () => string[];
  /** Ends the servers, and removes the directories. */
  close: () => Promise<void>;
}

/** All three have one password, and there is no other. */
export const only = (password: string) => ({ password, manifest: password, tsuru: password });

/** Makes a project in a directory of its own. */
export async function rotatedProject(): Promise<RotatedProject> {
  const scratch = mkdtempSync(join(FAST_DISK, 'rotation-'));
  const directory = join(scratch, 'my-service');
  const service = await startRotatedService(directory);
  const tree = await projectTree(answersWith({ endpoint: service.address, team: 'dbas' }));
  const write = (path: string, text: string | Buffer) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  const read = (path: string) => readFileSync(join(directory, path), 'utf8');
  for (const [path, { content }] of tree) write(path, content);
  service.start();
  const sandbox = await startSandbox({ team: 'dbas' });
  const proxy = await startCutProxy(sandbox.address);
  const api = tsuruApi(sandbox.address, sandbox.token);
  const made: string[] = [];
  const project: RotatedProject = {
    ...{ directory, scratch, service, sandbox, proxy, made, read, write },
    run: (args, options) => run(project, args, options),
    async passwords() {
      await api('GET', '/1.0/services/my-service/instances/db1/status');
      return { ...passwordsIn(read('.env')), manifest: parseManifest(read('manifest.yaml')).manifest.password, tsuru: service.passwordOfTsuru() };
    },
    call: () => callsOf(api),
    giveAway() {
      const owner = otherOwner();
      if (owner !== undefined) for (const path of SECRET_FILES) chownSync(join(directory, path), owner.uid, owner.gid);
      return owner;
    },
    owners: () => SECRET_FILES.map((path) => statSync(join(directory, path))).map(({ uid, gid }) => ({ uid, gid })),
    leftOvers: () => [directory, join(directory, '.tsuru-service')].flatMap((path) => readdirSync(path)).filter((name) => /rotating|running/.test(name)),
    async close() {
      await Promise.all([proxy.close(), sandbox.close(), service.close()]);
      rmSync(scratch, { recursive: true, force: true });
    },
  };
  const { code, output } = await project.run([]);
  if (code !== 0) throw new Error(output);
  await api('POST', '/1.0/services/my-service/instances', { name: 'db1', teamowner: 'dbas', planname: 'small' });
  return project;
}

/** Any for root; for another user, one in another of its groups. */
function otherOwner(): Owner | undefined {
  const { getuid, getgid, getgroups } = process;
  const [uid, gid] = [getuid?.(), getgid?.()];
  if (uid === 0) return { uid: 1234, gid: 1235 };
  const group = getgroups?.().find((one) => one !== gid);
  return uid === undefined || group === undefined ? undefined : { uid, gid: group };
}

async function callsOf(api: TsuruApi): Promise<string[]> {
  const status = await api('GET', '/1.0/services/my-service/instances/db1/status');
  const plans = await api('GET', '/1.0/services/my-service/plans');
  return [
    ...(status.body === 'Service instance "db1" is up' ? [] : [`status: ${status.body}`]),
    ...(plans.body.includes('small') ? [] : [`plans: ${plans.body}`]),
  ];
}

async function run(project: RotatedProject, args: readonly string[], { fs = nodeFileSystem, environment, patience = 300 }: RunOptions = {}): Promise<PublishRun> {
  const { directory, proxy, sandbox, made } = project;
  let output = '';
  const keep = (text: string) => text;
  const write = (text: string) => {
    output += text;
  };
  const terminal: Terminal = { columns: 1000, canRedraw: false, write, writeError: write, bold: keep, dim: keep, green: keep, red: keep };
  const newPassword = () => {
    made.push(`made-password-${made.length + 1}`);
    return Promise.resolve(made.at(-1) ?? '');
  };
  let code: number | undefined;
  try {
    code = await publish({
      ...{ argv: args, cwd: directory, terminal, machine, fs, newPassword, pace: { patience, pause: 5 }, signal: new AbortController().signal },
      environment: { HOME: join(directory, 'no-home'), TSURU_TARGET: proxy.address, TSURU_TOKEN: sandbox.token, ...environment },
    });
  } catch (error) {
    if (error instanceof ExpectedError) [code, output] = [error.exitCode, `${output}${error.message}\n${error.hint}`];
    else output += String(error);
  }
  const secrets = [SECRET, ...made, sandbox.token].filter((secret) => output.includes(secret));
  if (secrets.length > 0) throw new Error(`secrets are shown: ${output}`);
  return { code, output };
}
