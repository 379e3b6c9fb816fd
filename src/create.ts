import { randomBytes } from 'node:crypto';
import nodeFileSystem, { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';

import { EXAMPLE_ENDPOINT, type Answers } from './answers.ts';
import { parseCommandLine, type Switches } from './command-line.ts';
import type { Context } from './context.ts';
import { apply } from './engine/apply.ts';
import { lockFiles } from './engine/lock.ts';
import { obstacles } from './engine/plan.ts';
import { render, renderSecrets } from './engine/render.ts';
import { toTree, type Tree } from './engine/tree.ts';
import { cancelled, EXIT, ExpectedError } from './errors.ts';
import { serviceIdFrom } from './names.ts';
import { createCommand, startedBy, versionStartedBy, wordsOf } from './package-manager.ts';
import { finishEarlierRun, isProject, openProject } from './project.ts';
import { QUESTIONS, type DefaultsFrom, type Question } from './questions.ts';
import { quote } from './shell.ts';
import { say, sayTable } from './terminal.ts';

/** What creating a project touches beside what every command does. */
export interface CreateContext extends Context {
  /** Makes the service's password: 24 random bytes, base64url. */
  newPassword: () => string;
}

/** What is to be made, and where. */
interface Request {
  /** As it was given. */
  directory: string;
  answers: Answers;
  switches: Switches;
}

/** The default command, on one page: ask first, show, write, install, check, and say what comes next. */
export async function create(context: CreateContext): Promise<number> {
  const existing = projectMeant(context);
  if (existing !== undefined) return offerForProject(context, existing);
  const request = await resolveRequest(context);
  const directory = resolve(context.cwd, request.directory);
  const tree = await renderProject(context, request.answers);
  if (request.switches.dryRun) {
    refuseObstacles(directory, tree);
    showTree(context, tree);
    return 0;
  }
  refuseObstacles(directory, tree);
  await confirm(context, request);
  stopIfCancelled(context);
  apply(nodeFileSystem, directory, tree);
  await setUp(context, request, directory);
  sayWhatIsNext(context, request);
  return 0;
}

/** The project that the run is in, or that was named; undefined where there is none. */
function projectMeant(context: Context): string | undefined {
  const { directory = '.', switches } = parseCommandLine(context.argv);
  const meant = resolve(context.cwd, directory);
  if (!switches.dryRun) finishEarlierRun(context.terminal, meant);
  return isProject(meant) ? meant : undefined;
}

/** What one can do with a project that is there. @throws ExpectedError that says so, where nobody can be asked */
async function offerForProject(context: Context, directory: string): Promise<number> {
  const { answers, lock } = openProject(directory, context.generator.version);
  const found = `${directory} is the service "${answers.name}" already, in ${answers.framework}, made by create-tsuru-service ${lock.generator}.`;
  if (context.prompts === undefined) {
    throw new ExpectedError(
      EXIT.inTheWay,
      found,
      'In it, these go on: create-tsuru-service regenerate, create-tsuru-service endpoint add. Each has --help.',
    );
  }
  say(context.terminal, found);
  const { askChoice } = await import('./prompts.ts');
  const wanted = await askChoice(context.prompts, 'What now?', [
    { value: 'regenerate', title: 'Regenerate: bring it to what its record and this version make of it' },
    { value: 'endpoint', title: 'Add an endpoint' },
    { value: 'nothing', title: 'Nothing' },
  ]);
  const inside = { ...context, cwd: directory };
  if (wanted === 'regenerate') return (await import('./regenerate.ts')).regenerate({ ...inside, argv: [] });
  if (wanted === 'endpoint') return (await import('./endpoint.ts')).endpoint({ ...inside, argv: ['add'] });
  return 0;
}

/** Resolves every answer: flag, else prompt on a terminal, else default. @throws ExpectedError for wrong usage */
async function resolveRequest(context: Context): Promise<Request> {
  const { directory: given, answers: flags, switches } = parseCommandLine(context.argv);
  const streams = switches.yes ? undefined : context.prompts;
  if (!switches.yes && streams === undefined) refuseToGuess(given, flags);

  const asking = streams && (await import('./prompts.ts'));
  const directory = given ?? (asking ? await asking.askDirectory(streams) : 'my-service');
  const from: DefaultsFrom = {
    directory: resolve(context.cwd, directory),
    packageManager: flags.packageManager ?? startedBy(context.environment),
    packageManagerVersion: versionStartedBy(context.environment),
  };
  const answers = { endpoints: [EXAMPLE_ENDPOINT] } as unknown as Answers;
  for (const question of QUESTIONS) {
    const answer =
      flags[question.key] ??
      (asking && isAsked(question) ? await asking.askQuestion(streams, question, from) : question.default(from));
    Object.assign(answers, { [question.key]: answer });
  }
  return { directory, answers, switches };
}

/** A question with one choice is no question. */
function isAsked(question: Question): boolean {
  return question.prompt !== undefined && !(question.kind === 'choice' && question.choices.length === 1);
}

function refuseToGuess(directory: string | undefined, flags: Partial<Answers>): void {
  const missing = [
    ...(directory === undefined ? ['[directory]'] : []),
    ...QUESTIONS.filter((question) => isAsked(question) && flags[question.key] === undefined).map(
      ({ flag }) => `--${flag}`,
    ),
  ];
  if (missing.length === 0) return;
  throw new ExpectedError(
    EXIT.usage,
    `There is no terminal to ask on, and these are missing: ${missing.join(', ')}.`,
    'Give them, or --yes to take the defaults.',
  );
}

/** The whole project as files: the render, the files with its secret, and what it is compared with later. */
async function renderProject({ generator, newPassword }: CreateContext, answers: Answers): Promise<Tree> {
  const rendered = await render(answers, generator);
  const secrets = await renderSecrets(answers, newPassword(), generator);
  return toTree([...rendered, ...secrets, ...lockFiles(answers, generator.version, rendered)]);
}

/** @throws ExpectedError with what stands in the way */
function refuseObstacles(directory: string, tree: Tree): void {
  if (!existsSync(directory)) return;
  if (!statSync(directory).isDirectory()) {
    throw new ExpectedError(EXIT.inTheWay, `${directory} is a file.`, 'Choose another directory.');
  }
  const { collisions, others } = obstacles(tree, readdirSync(directory), (path) => existsSync(join(directory, path)));
  if (collisions.length + others.length === 0) return;
  const list = (paths: readonly string[]) =>
    paths
      .slice(0, 20)
      .map((path) => `  ${path}`)
      .concat(paths.length > 20 ? [`  and ${paths.length - 20} more`] : []);
  throw new ExpectedError(
    EXIT.inTheWay,
    `The directory ${directory} is not empty.`,
    [
      ...(collisions.length > 0
        ? ['These files would be overwritten:', ...list(collisions)]
        : ["No file would be overwritten, but it may be somebody else's."]),
      ...(others.length > 0 ? ['It has:', ...list(others)] : []),
      'Choose another directory, or move them away.',
    ].join('\n'),
  );
}

function showTree({ terminal }: Context, tree: Tree): void {
  const width = Math.max(...[...tree.keys()].map((path) => path.length));
  for (const [path, { content, fileClass }] of tree) {
    terminal.write(`${path.padEnd(width)}  ${fileClass.padEnd(9)}  ${content.length} bytes\n`);
  }
  terminal.write(`${tree.size} files would be written; nothing was.\n`);
}

/** Shows what was answered, and on a terminal waits for a yes. */
async function confirm(context: Context, { directory, answers, switches }: Request): Promise<void> {
  const { terminal } = context;
  const name = basename(resolve(context.cwd, directory));
  if (answers.name !== name && answers.name === serviceIdFrom(name)) {
    say(terminal, `The directory stays "${directory}"; the service and its package are called "${answers.name}".`);
  }
  sayTable(terminal, [
    ['Directory', directory],
    ...QUESTIONS.map((question) => [question.flag, textsOf(question, answers).join('; ') || '-'] as const),
  ]);
  if (switches.yes || context.prompts === undefined) return;
  const { askToGoOn } = await import('./prompts.ts');
  if (!(await askToGoOn(context.prompts, 'Write it?'))) throw cancelled();
}

function stopIfCancelled({ signal }: Context): void {
  if (signal.aborted) throw cancelled();
}

/** Installs, checks and commits, as far as that is wanted. */
async function setUp(context: Context, { answers, switches }: Request, directory: string): Promise<void> {
  const { environment, signal, terminal } = context;
  const step = { directory, packageManager: answers.packageManager, environment, signal, terminal };
  if (switches.install) {
    const { install, verify } = await import('./steps/install.ts');
    await install(step);
    if (switches.verify) await verify(step);
  }
  if (switches.git) {
    const { makeRepository } = await import('./steps/git.ts');
    say(terminal, await makeRepository(directory, environment));
  }
}

function sayWhatIsNext({ terminal, cwd }: Context, request: Request): void {
  const { directory, answers, switches } = request;
  const words = wordsOf(answers.packageManager);
  const path = relative(cwd, resolve(cwd, directory));
  terminal.write('\n');
  say(
    terminal,
    `The service ${terminal.bold(answers.name)} is in ${directory}. Its password is in .env and manifest.yaml, which git ignores.`,
  );
  terminal.write('\nNext:\n');
  const commands = [
    ...(path === '' ? [] : [`cd ${quote(path)}`]),
    ...(switches.install ? [] : [words.install]),
    `${words.run} dev`,
  ];
  for (const command of commands) terminal.write(`  ${command}\n`);
  terminal.write('\n');
  say(terminal, 'Then write src/backend.ts; README.md says how. When Tsuru can reach it:');
  terminal.write('  tsuru service create manifest.yaml\n');
  terminal.write(`\nThe same again:\n  ${repeatCommand(request)}\n`);
}

/** The one line that repeats a run, ready for a shell. */
export function repeatCommand({ directory, answers, switches }: Request): string {
  const flags = QUESTIONS.flatMap((question) => {
    if (question.kind === 'boolean') {
      return [answers[question.key] === true ? `--${question.flag}` : `--no-${question.flag}`];
    }
    return textsOf(question, answers).map((text) => `--${question.flag} ${quote(text)}`);
  });
  const off = (['install', 'verify', 'git'] as const).filter((key) => !switches[key]).map((key) => `--no-${key}`);
  return [createCommand(answers.packageManager, quote(directory)), ...flags, ...off, '--yes'].join(' ');
}

function textsOf(question: Question, answers: Answers): string[] {
  const answer = answers[question.key];
  if (question.kind === 'text') return (question.format as (value: unknown) => string[])(answer);
  if (question.kind === 'boolean') return [answer === true ? 'yes' : 'no'];
  return [answer as string];
}

/** Makes a password. */
export function newPassword(): string {
  return randomBytes(24).toString('base64url');
}
