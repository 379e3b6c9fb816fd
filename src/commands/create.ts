import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';

import type { Answers } from '../answers/answers.ts';
import { parseCommandLine, type CommandLine } from '../terminal/create-options.ts';
import { quote } from '../text.ts';
import type { Context } from '../project/context.ts';
import { canOverwrite, COMMANDS_OF_A_PROJECT, filling, refuseSite, siteOf } from '../project/site.ts';
import { newProject, sayKept, writeNew } from '../project/new.ts';
import { toTree, type Tree } from '../render/tree.ts';
import { cancelled, EXIT, ExpectedError } from '../errors.ts';
import { wordsOf } from '../render/package-manager.ts';
import { finishEarlierRun, isProject, openProject, projectAround } from '../project/open.ts';
import { QUESTIONS } from '../answers/questions.ts';
import { repeatCommand, resolveRequest, type CreateRequest } from '../project/request.ts';
import { setUp, stepsLeft, stepsWanted, unfinished, type SetUpStep } from '../project/set-up.ts';
import { say } from '../terminal/terminal.ts';

/** The context of `create`. */
export interface CreateContext extends Context {
  /** Generates the service's password: 24 random bytes, base64url. */
  newPassword: () => string;
}

/** The default command: asks, shows the answers, writes the project, sets it up, and prints the next steps. */
export async function create(context: CreateContext): Promise<number> {
  const line = parseCommandLine(context.argv);
  const existing = await projectMeant(context, line);
  if (existing !== undefined) return goOnIn(context, line, existing);
  const make = (answers: Answers) => newProject(answers, context.newPassword(), context.templates);
  const look = async (given: string, answers: Answers) => {
    const directory = resolve(context.cwd, given);
    return siteOf(directory, existsSync(directory) ? await make(answers) : toTree([]));
  };
  const request = await resolveRequest(context, line, look);
  const directory = resolve(context.cwd, request.directory);
  const wanted = stepsWanted(request.switches);
  const tree = await make(request.answers);
  const site = siteOf(directory, tree);
  if (site.kind !== 'free' && !canOverwrite(site, request.switches.overwrite)) refuseSite(request.directory, site);
  if (request.switches.dryRun) {
    showTree(context, directory, tree);
    return 0;
  }
  stopIfCancelled(context);
  await writeNew(context, directory, tree);
  return finish(context, request, wanted);
}

/** The existing project that was given, or that contains the working directory; undefined when there is none. */
async function projectMeant(context: Context, { directory, switches }: CommandLine): Promise<string | undefined> {
  const meant = resolve(context.cwd, directory ?? '.');
  if (!switches.dryRun) await finishEarlierRun(context, meant);
  if (directory === undefined) return projectAround(meant);
  return isProject(meant) ? meant : undefined;
}

/** Continues an interrupted set-up of an existing project, or offers to change the project. */
async function goOnIn(context: Context, line: CommandLine, directory: string): Promise<number> {
  const { answers, lock } = await openProject(context, directory);
  const found = `${directory} is already the service "${answers.name}" (${answers.framework}), created by create-tsuru-service ${lock.generator}.`;
  const left = isSame(line.answers, answers) && !line.switches.dryRun ? stepsLeft(context, directory) : [];
  const steps = left.filter((step) => stepsWanted(line.switches).includes(step));
  const finishIt = () => finish(context, { ...line, directory: line.directory ?? directory, answers }, steps);
  if (context.prompts === undefined) {
    if (steps.length === 0) throw new ExpectedError(EXIT.inTheWay, found, COMMANDS_OF_A_PROJECT);
    say(context.terminal, `The files in ${directory} are written, but the set-up was interrupted. Continuing.`);
    return finishIt();
  }
  say(context.terminal, found);
  const { askChoice } = await import('../terminal/prompts.ts');
  const wanted = await askChoice(context.prompts, 'What would you like to do?', [
    ...(steps.length > 0 ? [{ value: 'finish' as const, title: `Continue the set-up: ${steps.join(', ')}` }] : []),
    { value: 'regenerate', title: 'Regenerate: update it from its record and this version' },
    { value: 'endpoint', title: 'Add an endpoint' },
    { value: 'nothing', title: 'Nothing' },
  ]);
  const inside = { ...context, cwd: directory };
  if (wanted === 'finish') return finishIt();
  if (wanted === 'regenerate') return (await import('./regenerate.ts')).regenerate({ ...inside, argv: [] });
  if (wanted === 'endpoint') return (await import('./endpoint.ts')).endpoint({ ...inside, argv: ['add'] });
  return 0;
}

/** Whether the given answers are those of the project. */
function isSame(given: Partial<Answers>, answers: Answers): boolean {
  return QUESTIONS.every(
    ({ key }) => given[key] === undefined || JSON.stringify(given[key]) === JSON.stringify(answers[key]),
  );
}

function showTree({ terminal }: Context, directory: string, tree: Tree): void {
  const width = Math.max(...[...tree.keys()].map((path) => path.length));
  for (const [path, { content, fileClass }] of tree) {
    terminal.write(`${path.padEnd(width)}  ${fileClass.padEnd(9)}  ${content.length} bytes\n`);
  }
  terminal.write(`${tree.size} files would be written; nothing was written.\n`);
  if (existsSync(directory)) sayKept(terminal, filling(directory, tree), 'would be');
}

function stopIfCancelled({ signal }: Context): void {
  if (signal.aborted) throw cancelled();
}

/** Sets up a written project and prints the next steps. @throws ExpectedError that lists the steps that are left */
async function finish(context: Context, request: CreateRequest, wanted: readonly SetUpStep[]): Promise<number> {
  const { cwd, terminal } = context;
  const { packageManager } = request.answers;
  const directory = resolve(cwd, request.directory);
  const result = await setUp(context, directory, packageManager, wanted);
  if (result.failure !== undefined || context.signal.aborted) {
    throw unfinished(cwd, request.directory, packageManager, result, repeatCommand(request));
  }
  if (result.repository !== undefined) say(terminal, result.repository);
  sayNextSteps(context, request);
  return 0;
}

function sayNextSteps({ terminal, cwd }: Context, request: CreateRequest): void {
  const { directory, answers, switches } = request;
  const words = wordsOf(answers.packageManager);
  const path = relative(cwd, resolve(cwd, directory));
  terminal.write('\n');
  say(
    terminal,
    `Created the service ${terminal.bold(answers.name)} in ${directory}. Its password is in .env and manifest.yaml, which git ignores.`,
  );
  const unset = [
    ...(answers.backend === 'postgres' ? ['POSTGRES_ADMIN_URL'] : []),
    ...(answers.store === 'postgres' ? ['STORE_URL'] : []),
  ].join(' and ');
  const dev = `${words.run} dev`;
  if (answers.backend === 'postgres') say(terminal, `The last command starts a PostgreSQL server on this machine, too. For another one, set ${unset} in .env, and run ${dev}.`);
  else if (unset !== '') say(terminal, `Set ${unset} in .env before you start it; README.md explains how.`);
  terminal.write('\nNext steps:\n');
  const commands = [
    ...(path === '' ? [] : [`cd ${quote(path)}`]),
    ...(switches.install ? [] : [words.install]),
    answers.backend === 'postgres' ? `${dev}:postgres` : dev,
  ];
  for (const command of commands) terminal.write(`  ${command}\n`);
  terminal.write('\n');
  const then = answers.backend === 'blank' ? 'Then write src/backend.ts, as README.md explains. ' : '';
  say(terminal, `${then}To try it in a Tsuru on this machine:`);
  terminal.write('  npx create-tsuru-service sandbox\n\n');
  say(terminal, 'Once your Tsuru can reach the service:');
  terminal.write(`  ${words.run} publish:tsuru\n`);
  terminal.write(`\nTo repeat this run:\n  ${repeatCommand(request)}\n`);
}
