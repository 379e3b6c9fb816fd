import { resolve } from 'node:path';

import type { Answers, EndpointAnswer } from '../answers/answers.ts';
import { withEndpointDefaults, type TypedEndpoint } from '../answers/endpoints.ts';
import { change, type ChangeExit } from '../project/change.ts';
import type { Context } from '../project/context.ts';
import { withEndpoint, withoutEndpoint } from '../project/endpoint-list.ts';
import { openProject, undisturbed } from '../project/open.ts';
import { usage } from '../terminal/options.ts';
import { parseEndpointRequest, type EndpointRequest, type WriteOptions } from '../terminal/project-options.ts';
import { say, sayTable } from '../terminal/terminal.ts';

type WritingRequest<Verb> = Extract<EndpointRequest, { verb: Verb }>;

/** `endpoint add|remove|list`: the routes of the service's own. */
export async function endpoint(context: Context): Promise<ChangeExit> {
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

async function add(context: Context, { given, options }: WritingRequest<'add'>): Promise<ChangeExit> {
  let sentence = '';
  const code = await change(context, options, async (before) => {
    const added = await complete(context, given, before);
    sentence = `Next: write ${handlerOf(added.name)}${added.scope === undefined ? `, then run ${PUBLISHING}` : ''}.`;
    return withEndpoint(before, added);
  });
  if (code === 0) sayNext(context, options, sentence);
  return code;
}

/** The command that sends the permissions of the endpoints to Tsuru. */
const PUBLISHING = 'npx create-tsuru-service publish, which sends the permissions to Tsuru';

async function remove(context: Context, { name, options }: WritingRequest<'remove'>): Promise<ChangeExit> {
  let sentence = '';
  const code = await change(context, options, async (before) => {
    const removed = name ?? (await askWhich(context, before));
    const isOfInstance = before.endpoints.some(({ name: one, scope }) => one === removed && scope === undefined);
    const next = isOfInstance ? ` Next: run ${PUBLISHING}.` : '';
    sentence = `Its handler, ${handlerOf(removed)}, is yours, and stays.${next}`;
    return withoutEndpoint(before, removed);
  });
  if (code === 0) sayNext(context, options, sentence);
  return code;
}

async function list(context: Context): Promise<void> {
  const { cwd, terminal } = context;
  const directory = resolve(cwd);
  const { answers } = await undisturbed(context, directory, () => openProject(context, directory));
  const { name: service, endpoints } = answers;
  if (endpoints.length === 0) {
    say(terminal, `${service} has no endpoints of its own.`);
    return;
  }
  sayTable(
    terminal,
    endpoints.map(({ name, method, path, scope, action, description }) => [
      name,
      `${method} ${path}  ${scope ?? action}  ${description}`,
    ]),
  );
}

/** Asks for what was not given; without a terminal, it follows from the name. */
async function complete(
  { prompts }: Context,
  given: TypedEndpoint,
  before: Answers,
): Promise<EndpointAnswer> {
  if (given.name !== undefined) return withEndpointDefaults({ ...given, name: given.name });
  if (prompts === undefined) {
    throw usage('The name of the endpoint is missing.', 'Usage: endpoint add NAME --method POST --path /path');
  }
  const { askEndpoint } = await import('../terminal/prompts.ts');
  return askEndpoint(prompts, given, before);
}

async function askWhich({ prompts }: Context, { endpoints }: Answers): Promise<string> {
  if (prompts === undefined || endpoints.length === 0) {
    throw usage('The name of the endpoint is missing.', 'Run endpoint list to see them.');
  }
  const { askChoice } = await import('../terminal/prompts.ts');
  return askChoice(
    prompts,
    'Endpoint',
    endpoints.map(({ name, method, path }) => ({ value: name, title: `${name}: ${method} ${path}` })),
  );
}

/** Says what to do next, unless the output is JSON, or nothing was written. */
function sayNext({ terminal }: Context, { json, dryRun, check }: WriteOptions, sentence: string): void {
  if (!json && !dryRun && !check) say(terminal, sentence);
}

function handlerOf(name: string): string {
  return `src/endpoints/${name}.ts`;
}
