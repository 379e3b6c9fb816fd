import { relative, resolve } from 'node:path';

import type { PackageManager } from '../answers/answers.ts';
import type { Switches } from '../terminal/create-options.ts';
import type { Context } from './context.ts';
import { quote } from '../text.ts';
import { SET_UP } from './paths.ts';
import { forgetKeys, keysOf, newKey } from './proof.ts';
import { cancelled, ExpectedError } from '../errors.ts';
import { wordsOf } from '../render/package-manager.ts';
import { diskOf, rootOf } from './open.ts';

/** The steps after the files are written. */
export const STEPS = ['install', 'verify', 'git'] as const;
export type SetUpStep = (typeof STEPS)[number];

/** `.tsuru-service/set-up.json`: written before the first step, so that an interrupted set-up is always known. */
interface Marker {
  version: 1;
  /** Known only to this machine: a marker that came with a repository or an archive is not trusted. */
  key: string;
  left: SetUpStep[];
}

/** How a step ended. `skipped`: not wanted, or done before; `waiting`: a step that it needs did not succeed. */
export type StepOutcome = 'done' | 'failed' | 'stopped' | 'skipped' | 'waiting';

/** The result of a set-up. */
export interface SetUp {
  outcomes: Record<SetUpStep, StepOutcome>;
  /** A sentence about the repository; undefined when none was attempted. */
  repository: string | undefined;
  /** Why the set-up did not finish. */
  failure: ExpectedError | undefined;
}

/** The steps that the switches ask for. */
export function stepsWanted({ install, verify, git }: Switches): SetUpStep[] {
  const wanted = { install, verify: install && verify, git };
  return STEPS.filter((step) => wanted[step]);
}

/** The steps that an earlier run did not finish in a project. */
export function stepsLeft(context: Context, directory: string): SetUpStep[] {
  const root = rootOf(directory);
  const content = root.read(SET_UP)?.content;
  if (content === undefined) return [];
  try {
    const marker = JSON.parse(content.toString()) as Partial<Marker> | null;
    const isOurs = keysOf(diskOf(context), root, 'set-up').some((key) => key === marker?.key);
    if (marker?.version !== 1 || !isOurs) return [];
    return STEPS.filter((step) => marker.left?.includes(step));
  } catch {
    return [];
  }
}

/**
 * Installs, verifies and creates the repository. A failed step stops only the steps that need it; Ctrl-C stops all. The steps
 * that are left are recorded in the project.
 */
export async function setUp(
  context: Context,
  directory: string,
  packageManager: PackageManager,
  wanted: readonly SetUpStep[],
): Promise<SetUp> {
  const result: SetUp = {
    outcomes: { install: 'skipped', verify: 'skipped', git: 'skipped' },
    repository: undefined,
    failure: undefined,
  };
  const { outcomes } = result;
  const { environment, signal, terminal, runProgram } = context;
  await mark(context, directory, wanted);
  const isStopped = () => signal.aborted;
  const attempt = async (step: SetUpStep, work: () => Promise<void>) => {
    if (!wanted.includes(step)) return;
    if (isStopped() || (step === 'verify' && outcomes.install === 'failed')) {
      outcomes[step] = 'waiting';
      return;
    }
    try {
      await work();
      outcomes[step] = 'done';
    } catch (error) {
      if (!(error instanceof ExpectedError)) throw error;
      outcomes[step] = isStopped() ? 'stopped' : 'failed';
      result.failure ??= error;
    }
  };
  const task = { directory, packageManager, environment, terminal, signal, runProgram };
  const steps = await import('../steps/install.ts');
  const { makeRepository } = await import('../steps/git.ts');
  await attempt('install', () => steps.install(task));
  await attempt('verify', () => steps.verify(task));
  await attempt('git', async () => {
    result.repository = await makeRepository(task);
    if (isStopped()) throw cancelled();
  });
  const left = wanted.filter((step) => outcomes[step] !== 'done');
  await mark(context, directory, left);
  return result;
}

/** Records the steps that are left. If that cannot be written, as on a full disk, more steps are repeated later. */
async function mark(context: Context, directory: string, left: readonly SetUpStep[]): Promise<void> {
  const root = rootOf(directory);
  const disk = diskOf(context);
  const draft = `${SET_UP}.new`;
  try {
    root.remove(draft);
    if (left.length === 0) {
      root.remove(SET_UP);
      forgetKeys(disk, root, 'set-up');
      return;
    }
    const marker: Marker = { version: 1, key: await newKey(disk, root, 'set-up'), left: [...left] };
    root.write(draft, Buffer.from(`${JSON.stringify(marker, undefined, 2)}\n`), 0o600);
    root.rename(draft, SET_UP);
  } catch {
    // Every step can be repeated.
  }
}

const OUTCOME_TEXTS: Record<StepOutcome, string> = {
  done: 'done',
  failed: 'failed',
  stopped: 'stopped',
  skipped: 'nothing to do',
  waiting: 'not run',
};

/**
 * The error of a set-up that did not finish: which steps are done, which are not, and how to continue.
 * @param cwd the directory in which the commands are run
 * @param again the command that continues
 */
export function unfinished(
  cwd: string,
  directory: string,
  packageManager: PackageManager,
  { outcomes, repository, failure }: SetUp,
  again: string,
): ExpectedError {
  const words = wordsOf(packageManager);
  const isLeft = (step: SetUpStep) => !['done', 'skipped'].includes(outcomes[step]);
  const path = relative(cwd, resolve(cwd, directory));
  const commands = [
    ...(path === '' ? [] : [`cd ${quote(path)}`]),
    ...(isLeft('install') ? [words.install] : []),
    ...(isLeft('verify') ? [`${words.run} types`, words.test] : []),
    ...(isLeft('git') ? ['git init && git add --all && git commit --message "Start from create-tsuru-service"'] : []),
  ];
  const { exitCode, message, hint } = failure ?? cancelled();
  return new ExpectedError(
    exitCode,
    message,
    [
      ...(hint === '' ? [] : [hint, '']),
      'Status:',
      `  files    written to ${directory}`,
      `  install  ${OUTCOME_TEXTS[outcomes.install]}`,
      `  verify   ${OUTCOME_TEXTS[outcomes.verify]}`,
      `  git      ${repository ?? OUTCOME_TEXTS[outcomes.git]}`,
      '',
      'To finish step by step:',
      ...commands.map((command) => `  ${command}`),
      '',
      'Or to continue from where it stopped:',
      `  ${again}`,
    ].join('\n'),
  );
}
