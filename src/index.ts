import { resolve } from 'node:path';

import type { Answers } from './answers/answers.ts';
import type { RunFacts } from './check/report/facts.ts';
import type { Encoding, ParameterMap } from './tsuru/encoding.ts';
import type { Tree } from './render/tree.ts';
import { EXIT, ExpectedError } from './errors.ts';

export { ExpectedError } from './errors.ts';
export type { Answers, EndpointAnswer, PlanAnswer } from './answers/answers.ts';
export type { CauseFacts, ExchangeFacts, ResultFacts, RunFacts, Summary } from './check/report/facts.ts';
export type { FileClass } from './render/classes.ts';
export type { Tree, TreeFile } from './render/tree.ts';
export type { Encoding, ParameterMap, ParameterValue } from './tsuru/encoding.ts';

/** The answers that have no default, and any others. */
export type GivenAnswers = Pick<Answers, 'name'> & Partial<Answers>;

/**
 * Renders a project in memory, without the files that hold a secret, and without its lock and base. The same answers give the
 * same bytes.
 * @throws ExpectedError when an answer is not valid
 */
export async function render(answers: GivenAnswers): Promise<Tree> {
  const { packedTemplates } = await import('./render/packed.ts');
  const { render: renderProject } = await import('./render/render.ts');
  return renderProject(await complete(answers), packedTemplates());
}

export interface CreateOptions {
  /** Whether to write into a directory that is not empty. Replaced files are kept in `.tsuru-service/backup`. */
  overwrite?: boolean;
}

export interface Created {
  /** Absolute. */
  directory: string;
  /** Every file of the project: its secrets, lock and base, too. */
  files: Tree;
  /** The paths of the files that were replaced. */
  replaced: string[];
  /** The folder in the project that keeps them; undefined when there are none. */
  backup: string | undefined;
}

/**
 * Writes a new project as the command line does, all or nothing. It installs nothing and makes no repository.
 * @param directory relative to the working directory, or absolute
 * @throws ExpectedError when an answer is not valid, or the directory is not empty or cannot be written; the directory is
 *   then unchanged
 */
export async function create(directory: string, answers: GivenAnswers, options: CreateOptions = {}): Promise<Created> {
  const { packedTemplates } = await import('./render/packed.ts');
  const { newPassword, newProject, writeProject } = await import('./project/new.ts');
  const { machineOf } = await import('./project/machine.ts');
  const { diskOf } = await import('./project/open.ts');
  const { canOverwrite, refuseSite, siteOf } = await import('./project/site.ts');
  requirePath(directory);
  const place = resolve(directory);
  const files = await newProject(await complete(answers), newPassword(), packedTemplates());
  const site = siteOf(place, files);
  if (site.kind !== 'free' && !canOverwrite(site, options.overwrite ?? false)) refuseSite(directory, site);
  const { filled } = await writeProject(diskOf({ environment: process.env, machine: machineOf(process) }), place, files);
  const replaced = filled?.kept ?? [];
  return { directory: place, files, replaced, backup: replaced.length > 0 ? filled?.backup : undefined };
}

export interface CheckOptions {
  /** What Tsuru sends as Basic authentication. */
  username: string;
  password: string;
  /** The id of the service; the user name by default. */
  service?: string;
  /** The encodings of Tsuru's calls; `['form']` by default. */
  encodings?: readonly Encoding[];
  /** The plan to create instances with; the first one that the service offers by default. */
  plan?: string;
  /** The parameters of every create. */
  parameters?: ParameterMap;
  /** Parameters besides them, by the id or the group of the checks that create. */
  parametersBy?: Readonly<Record<string, ParameterMap>>;
  /** Milliseconds to wait for a reply, and for a pending instance; 60,000 by default. */
  timeout?: number;
  /** Milliseconds for all checks; 300,000 by default. Those that are left are not run. */
  maxTime?: number;
  /** Certificates of authorities to trust besides those that Node.js comes with, as PEM text. */
  ca?: string;
  /** Whether any certificate is taken. */
  insecure?: boolean;
  multiCluster?: boolean;
  /** Ids or groups of checks; every check by default. */
  only?: readonly string[];
  /** Runs only the few checks that one life of an instance needs; instead of `only`. */
  quick?: boolean;
  /** Failures that are accepted, each by the id or the label of its check. */
  baseline?: readonly { check: string; reason: string }[];
  /** Ids or groups of checks to leave out. */
  skip?: readonly string[];
  /** Ends the checks early. The instances that they created are removed all the same. */
  signal?: AbortSignal;
}

/**
 * Makes Tsuru's calls to a service API, and judges its replies.
 * @returns what `check --format json` prints
 * @throws ExpectedError when the URL, an option or the name of a check is not valid, and when nothing answers
 */
export async function check(url: string | URL, options: CheckOptions): Promise<RunFacts> {
  const { parseBaseline } = await import('./check/baseline.ts');
  const { checkService } = await import('./check/check-service.ts');
  const { choose, isTarget } = await import('./check/options.ts');
  const { factsOf } = await import('./check/report/facts.ts');
  const { QUICK } = await import('./check/quick.ts');
  const { MAX_TIME, QUIET } = await import('./check/run.ts');
  const { parseAddress } = await import('./terminal/service-access.ts');
  requireCheckOptions(options);
  const { username, password, service: id = username, encodings = ['form'], plan, parameters = {}, parametersBy = {} } = options;
  const { timeout = 60_000, maxTime = MAX_TIME, multiCluster = false, quick = false, skip = [] } = options;
  const { only = quick ? QUICK : [], ca, insecure = false, signal = new AbortController().signal } = options;
  if (quick && options.only !== undefined) throw wrong('options: quick and only cannot be combined');
  const stranger = Object.keys(parametersBy).find((target) => !isTarget(target));
  if (stranger !== undefined) throw wrong(`options: parametersBy has "${stranger}", which is no check and no group`);
  const address = parseAddress(String(url));
  const tls = { ...(ca !== undefined && { ca }), insecure };
  const service = { address, id, username, password, encodings, plan, parameters, parametersBy, timeout, multiCluster, tls };
  const checks = choose(only, skip);
  const baseline = parseBaseline(options.baseline ?? [], 'options: baseline');
  const { run } = await checkService(service, checks, { signal, maxTime }, baseline, () => QUIET);
  return factsOf(run, service);
}

/** Validates answers and adds the defaults. @throws ExpectedError that names the answer */
async function complete(given: unknown): Promise<Answers> {
  const { EXAMPLE_ENDPOINT } = await import('./answers/answers.ts');
  const { readAnswers } = await import('./answers/read-answers.ts');
  if (typeof given !== 'object' || given === null) throw wrong('answers must be an object');
  const { endpoints = [EXAMPLE_ENDPOINT], ...others } = given as Readonly<Record<string, unknown>>;
  const answers = readAnswers({ ...others, endpoints }, 'answers', HINT);
  if (others['name'] === undefined) throw wrong('answers: name is missing');
  return answers;
}

/** The hint of every error in what a program gives. */
const HINT = 'The type declarations of create-tsuru-service describe every argument.';

function wrong(rule: string): ExpectedError {
  return new ExpectedError(EXIT.usage, `${rule}.`, HINT);
}

/** A program in plain JavaScript has no compiler that checks its arguments. @throws ExpectedError */
function requirePath(given: unknown): void {
  if (typeof given !== 'string' || given === '' || given.includes('\0')) throw wrong('directory must be a path');
}

/** @throws ExpectedError as {@link requirePath} */
function requireCheckOptions(given: unknown): void {
  if (typeof given !== 'object' || given === null) throw wrong('options must be an object');
  const { username, password, service, plan, ca, encodings, only, skip, timeout, maxTime } = given as Record<string, unknown>;
  for (const [key, value] of Object.entries({ username, password })) {
    if (typeof value !== 'string') throw wrong(`options: ${key} must be a string`);
  }
  for (const [key, value] of Object.entries({ service, plan, ca })) {
    if (value !== undefined && typeof value !== 'string') throw wrong(`options: ${key} must be a string`);
  }
  for (const [key, value] of Object.entries({ only, skip })) {
    if (value !== undefined && !isListOf(value, (item) => typeof item === 'string')) {
      throw wrong(`options: ${key} must be a list of strings`);
    }
  }
  const { quick, insecure, multiCluster } = given as Record<string, unknown>;
  for (const [key, value] of Object.entries({ quick, insecure, multiCluster })) {
    if (value !== undefined && typeof value !== 'boolean') throw wrong(`options: ${key} must be true or false`);
  }
  const isEncoding = (item: unknown) => item === 'form' || item === 'json';
  if (encodings !== undefined && !(isListOf(encodings, isEncoding) && encodings.length > 0)) {
    throw wrong('options: encodings must be a list of form and json');
  }
  for (const [key, value] of Object.entries({ timeout, maxTime })) {
    if (value !== undefined && !(typeof value === 'number' && value > 0 && Number.isFinite(value))) {
      throw wrong(`options: ${key} must be a positive number of milliseconds`);
    }
  }
}

function isListOf(given: unknown, isItem: (item: unknown) => boolean): given is readonly unknown[] {
  return Array.isArray(given) && given.every(isItem);
}
