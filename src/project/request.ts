import { basename, resolve } from 'node:path';

import { EXAMPLE_ENDPOINT, type Answers } from '../answers/answers.ts';
import type { CommandLine, Switches } from '../terminal/create-options.ts';
import type { Context } from './context.ts';
import { quote } from '../text.ts';
import { canOverwrite, COMMANDS_OF_A_PROJECT, directoryProblem, directoryWord, refuseSite, siteText, type Site } from './site.ts';
import { cancelled, EXIT, ExpectedError } from '../errors.ts';
import { askInTurn, type FormStep } from '../terminal/form.ts';
import { createCommand, startedBy, versionStartedBy } from '../render/package-manager.ts';
import { isProject } from './open.ts';
import type { PromptStreams } from '../terminal/prompts.ts';
import { isAsked, QUESTIONS, withDefaults, type DefaultsFrom, type Question, type QuestionKey, serviceIdFrom } from '../answers/questions.ts';
import { say, sayTable } from '../terminal/terminal.ts';

/** The project to create. */
export interface CreateRequest {
  /** As given. */
  directory: string;
  answers: Answers;
  switches: Switches;
}

/** Returns the state of the directory for a project with those answers. */
export type Look = (directory: string, answers: Answers) => Promise<Site>;

/**
 * Resolves every answer: flag, else prompt on a terminal, else default. A directory that is in use is reported, and settled,
 * before the questions.
 * @throws ExpectedError for wrong usage, for a directory that cannot be used, and when a prompt is cancelled
 */
export async function resolveRequest(context: Context, line: CommandLine, look: Look): Promise<CreateRequest> {
  const { npm_config_dry_run: isKept, npm_lifecycle_event: script } = context.environment;
  if (isKept === 'true' && script !== undefined && !line.switches.dryRun) {
    throw new ExpectedError(EXIT.usage, 'npm kept --dry-run to itself, so nothing was written.', 'Write -- before the options: npm create tsuru-service -- --dry-run');
  }
  if (context.prompts !== undefined) return askForRequest(context, line, look, context.prompts);
  const directory = line.directory ?? 'my-service';
  refuseProblem(context.cwd, directory);
  if (!line.switches.yes) refuseToGuess(line);
  const request = requestOf(context, line, directory, {});
  const site = await look(directory, request.answers);
  if (site.kind !== 'free' && !canOverwrite(site, line.switches.overwrite)) refuseSite(directory, site);
  sayKept(context, directory, site);
  showRequest(context, request);
  return request;
}

async function askForRequest(
  context: Context,
  line: CommandLine,
  look: Look,
  streams: PromptStreams,
): Promise<CreateRequest> {
  const { askQuestion, askToGoOn, BACK, introduce } = await import('../terminal/prompts.ts');
  if (line.directory !== undefined) refuseProblem(context.cwd, line.directory);
  const questions = QUESTIONS.filter((question) => isAsked(question) && line.answers[question.key] === undefined);
  if (line.directory === undefined || questions.length > 0) introduce(streams);
  let answered: Partial<Answers> = {};
  let request = requestOf(context, line, line.directory ?? 'my-service', answered);
  const settle = async (given: string | undefined): Promise<'answered'> => {
    // Permission to write into one directory does not extend to another.
    const place = { ...request, switches: line.switches };
    const { directory, switches } = await settleDirectory(context, place, look, streams, given);
    // A name derived from another directory is not suggested for this one.
    if (directory !== request.directory) answered = withoutName(answered);
    request = requestOf(context, { ...line, switches }, directory, answered);
    return 'answered';
  };
  if (line.directory !== undefined) await settle(line.directory);

  const steps: FormStep[] = questions.map((question) => async (isFirst) => {
    const from = defaultsFrom(context, line, request.directory);
    const given = await askQuestion(streams, question, from, answered[question.key], !isFirst);
    if (given === BACK) return 'back';
    answered = { ...answered, [question.key]: given };
    request = requestOf(context, { ...line, switches: request.switches }, request.directory, answered);
    return 'answered';
  });
  if (line.directory === undefined) steps.unshift(() => settle(undefined));
  if (!line.switches.dryRun) {
    steps.push(async (isFirst) => {
      showRequest(context, request);
      const isWanted = await askToGoOn(streams, 'Create the project?', !isFirst);
      if (isWanted === BACK) return 'back';
      if (!isWanted) throw cancelled();
      return 'answered';
    });
  }
  await askInTurn(steps);
  return request;
}

/** Asks for a directory until it is free, or the user chooses to write into it. */
async function settleDirectory(
  context: Context,
  { directory: initial, answers, switches }: CreateRequest,
  look: Look,
  streams: PromptStreams,
  given: string | undefined,
): Promise<Pick<CreateRequest, 'directory' | 'switches'>> {
  const { askChoice, askDirectory } = await import('../terminal/prompts.ts');
  const problemOf = (directory: string) =>
    isProject(resolve(context.cwd, directory)) ? `${directory} is a service already. ${COMMANDS_OF_A_PROJECT}` : directoryProblem(context.cwd, directory)?.problem;
  let directory = given ?? (await askDirectory(streams, initial, problemOf));
  for (;;) {
    const site = await look(directory, answers);
    if (site.kind === 'free' || canOverwrite(site, switches.overwrite)) {
      sayKept(context, directory, site);
      return { directory, switches };
    }
    context.terminal.write(`${siteText(directory, site)}\n`);
    const isOpen = site.kind === 'occupied' && site.blocked.length === 0;
    const beside = isOpen && site.collisions.length === 0;
    const wanted = await askChoice(streams, 'What would you like to do?', [
      ...(beside ? [{ value: 'go-on' as const, title: 'Continue: add the project to the files that are there' }] : []),
      { value: 'elsewhere', title: 'Choose another directory' },
      { value: 'stop', title: 'Cancel' },
      ...(isOpen && !beside
        ? [{ value: 'go-on' as const, title: 'Overwrite: replaced files are kept in .tsuru-service/backup' }]
        : []),
    ]);
    if (wanted === 'stop') throw cancelled();
    if (wanted === 'go-on') return { directory, switches: { ...switches, overwrite: true } };
    directory = await askDirectory(streams, 'my-service', problemOf);
  }
}

/** Says what happens to the files of a new repository. */
function sayKept({ terminal }: Context, directory: string, site: Site): void {
  if (site.kind === 'free' && site.usual.length > 0) say(terminal, siteText(directory, site));
}

/** @throws ExpectedError for wrong usage when a directory cannot be that of a new project */
function refuseProblem(cwd: string, directory: string): void {
  const found = directoryProblem(cwd, directory);
  if (found !== undefined) throw new ExpectedError(EXIT.usage, found.problem, found.advice);
}

function requestOf(context: Context, line: CommandLine, directory: string, answered: Partial<Answers>): CreateRequest {
  const from = defaultsFrom(context, line, directory);
  const answers = withDefaults({ ...answered, ...line.answers }, from);
  return { directory, answers: { ...answers, endpoints: [EXAMPLE_ENDPOINT] }, switches: line.switches };
}

function defaultsFrom(context: Context, { answers }: CommandLine, directory: string): DefaultsFrom {
  return {
    directory: resolve(context.cwd, directory),
    packageManager: answers.packageManager ?? startedBy(context.environment),
    packageManagerVersion: versionStartedBy(context.environment),
  };
}

function withoutName({ name: _, ...others }: Partial<Answers>): Partial<Answers> {
  return others;
}

function refuseToGuess({ directory, answers }: CommandLine): void {
  const missing = [
    ...(directory === undefined ? ['[directory]'] : []),
    ...QUESTIONS.filter((question) => isAsked(question) && answers[question.key] === undefined).map(
      ({ flag }) => `--${flag}`,
    ),
  ];
  if (missing.length === 0) return;
  throw new ExpectedError(
    EXIT.usage,
    `Running non-interactively, and these are missing: ${missing.join(', ')}.`,
    'Give them, or use --yes for the defaults. After npm create, write -- before the options.',
  );
}

/** Shows the answers. */
function showRequest({ cwd, terminal }: Context, { directory, answers }: CreateRequest): void {
  const name = basename(resolve(cwd, directory));
  if (answers.name !== name && answers.name === serviceIdFrom(name)) {
    say(terminal, `The directory is "${directory}"; the service and its package are named "${answers.name}".`);
  }
  sayTable(terminal, [
    ['Directory', directory],
    ...QUESTIONS.map((question) => [question.flag, textsOf(question, answers).join('; ') || '-'] as const),
  ]);
}

/** The command that repeats a run, quoted for a shell. */
export function repeatCommand({ directory, answers, switches }: CreateRequest): string {
  const flags = QUESTIONS.flatMap((question) => {
    if (question.kind === 'boolean') {
      return [answers[question.key] === true ? `--${question.flag}` : `--no-${question.flag}`];
    }
    return textsOf(question, answers).map((text) => `--${question.flag} ${quote(text)}`);
  });
  const off = (['install', 'verify', 'git'] as const).filter((key) => !switches[key]).map((key) => `--no-${key}`);
  const over = switches.overwrite ? ['--overwrite'] : [];
  return [createCommand(answers.packageManager, directoryWord(directory)), ...flags, ...off, ...over, '--yes'].join(' ');
}

function textsOf(question: Question, answers: Pick<Answers, QuestionKey>): string[] {
  const answer = answers[question.key];
  if (question.kind === 'text') return (question.format as (value: unknown) => string[])(answer);
  if (question.kind === 'boolean') return [answer === true ? 'yes' : 'no'];
  return [answer as string];
}
