import { join, resolve } from 'node:path';

import type { Answers, EndpointAnswer } from '../answers/answers.ts';
import type { Context } from '../project/context.ts';
import { withEndpointDefaults } from '../answers/endpoints.ts';
import { didYouMean, usage } from '../terminal/options.ts';
import { openProject, undisturbed } from '../project/open.ts';
import { parseEndpointRequest, type EndpointRequest, type WriteOptions } from '../terminal/project-options.ts';
import { change, type RegenerateExit } from './regenerate.ts';
import { say, sayTable } from '../terminal/terminal.ts';
import { setPermissions } from '../tsuru/api.ts';

/** `endpoint add|remove|list`: the routes of the service's own. */
export async function endpoint(context: Context): Promise<RegenerateExit> {
  const request = parseEndpointRequest(context.argv);
  switch (request.verb) {
    case 'list':
      await list(context);
      return 0;
    case 'add':
      return add(context, request);
    case 'remove':
      return remove(context, request);
  }
}

async function add(context: Context, { given, options }: WritingRequest<'add'>): Promise<RegenerateExit> {
  let handler = '';
  let service = '';
  const code = await change(context, options, async (before) => {
    const added = await complete(context, given, before);
    handler = handlerOf(added.name);
    service = before.name;
    return { ...before, endpoints: insert(before.endpoints, added) };
  });
  if (code === 0 && isWriting(options)) sayPermissions(context, `Next: write ${handler}, and tell Tsuru:`, service);
  return code;
}

async function remove(context: Context, { name, options }: WritingRequest<'remove'>): Promise<RegenerateExit> {
  let removed = '';
  let service = '';
  const code = await change(context, options, async (before) => {
    removed = name ?? (await askWhich(context, before));
    service = before.name;
    refuseUnknown(before, removed);
    return { ...before, endpoints: before.endpoints.filter((one) => one.name !== removed) };
  });
  if (code === 0 && isWriting(options)) {
    sayPermissions(context, `Its handler, ${handlerOf(removed)}, is yours, and stays. Next: tell Tsuru:`, service);
  }
  return code;
}

/** Says a sentence and, on a line of its own, the request that tells Tsuru of the endpoints. */
function sayPermissions({ terminal }: Context, sentence: string, service: string): void {
  say(terminal, sentence);
  terminal.write(`  ${setPermissions(service)}\n`);
}

type WritingRequest<Verb> = Extract<EndpointRequest, { verb: Verb }>;

/** Whether somebody reads what comes next. */
function isWriting({ json, dryRun, check }: WriteOptions): boolean {
  return !json && !dryRun && !check;
}

/** In the order of their names, unless their owner chose another one. */
function insert(endpoints: readonly EndpointAnswer[], added: EndpointAnswer): EndpointAnswer[] {
  const at = endpoints.findIndex(({ name }) => name > added.name);
  return at === -1 ? [...endpoints, added] : endpoints.toSpliced(at, 0, added);
}

function handlerOf(name: string): string {
  return join('src/endpoints', `${name}.ts`);
}

async function list({ cwd, templates, terminal }: Context): Promise<void> {
  const directory = resolve(cwd);
  const { answers } = await undisturbed(directory, () => Promise.resolve(openProject(directory, templates.version)));
  const { name, endpoints } = answers;
  if (endpoints.length === 0) {
    say(terminal, `${name} has no endpoints of its own.`);
    return;
  }
  sayTable(
    terminal,
    endpoints.map(({ name: title, method, path, action, description }) => [
      title,
      `${method} ${path}  ${action}  ${description}`,
    ]),
  );
}

/** What was not given is asked on a terminal; elsewhere it follows from the name. */
async function complete(
  { prompts }: Context,
  given: Partial<EndpointAnswer>,
  before: Answers,
): Promise<EndpointAnswer> {
  if (given.name !== undefined) return withEndpointDefaults({ ...given, name: given.name });
  if (prompts === undefined) {
    throw usage('The name of the endpoint is missing.', 'It is: endpoint add NAME --method POST --path /path');
  }
  const { askEndpoint } = await import('../terminal/prompts.ts');
  return askEndpoint(prompts, given, before);
}

async function askWhich({ prompts }: Context, { endpoints }: Answers): Promise<string> {
  if (prompts === undefined || endpoints.length === 0) {
    throw usage('The name of the endpoint is missing.', 'endpoint list shows them.');
  }
  const { askChoice } = await import('../terminal/prompts.ts');
  return askChoice(
    prompts,
    'Endpoint',
    endpoints.map(({ name, method, path }) => ({ value: name, title: `${name}: ${method} ${path}` })),
  );
}

function refuseUnknown({ endpoints }: Answers, name: string): void {
  const names = endpoints.map((one) => one.name);
  if (names.includes(name)) return;
  throw usage(
    `There is no endpoint "${name}".`,
    didYouMean(name, names) ?? `There are: ${names.join(', ') || 'none'}.`,
  );
}
