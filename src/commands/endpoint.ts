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
import { setPermissions } from '../tsuru/api.ts';

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
  let service: string | undefined;
  const code = await change(context, options, async (before) => {
    const added = await complete(context, given, before);
    const next = `Next: write ${handlerOf(added.name)}`;
    sentence = added.scope === undefined ? `${next}, then send the permissions to Tsuru:` : `${next}.`;
    service = added.scope === undefined ? before.name : undefined;
    return withEndpoint(before, added);
  });
  if (code === 0) sayNext(context, options, sentence, service);
  return code;
}

async function remove(context: Context, { name, options }: WritingRequest<'remove'>): Promise<ChangeExit> {
  let sentence = '';
  let service: string | undefined;
  const code = await change(context, options, async (before) => {
    const removed = name ?? (await askWhich(context, before));
    const isOfInstance = before.endpoints.some(({ name: one, scope }) => one === removed && scope === undefined);
    const stays = `Its handler, ${handlerOf(removed)}, is yours, and stays.`;
    sentence = isOfInstance ? `${stays} Next: send the permissions to Tsuru:` : stays;
    service = isOfInstance ? before.name : undefined;
    return withoutEndpoint(before, removed);
  });
  if (code === 0) sayNext(context, options, sentence, service);
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

/**
 * Unless the output is JSON, or nothing was written: what to do next.
 * @param service whose endpoints have changed in Tsuru's permissions; undefined when none has
 */
function sayNext(
  { terminal }: Context,
  { json, dryRun, check }: WriteOptions,
  sentence: string,
  service: string | undefined,
): void {
  if (json || dryRun || check) return;
  say(terminal, sentence);
  if (service !== undefined) terminal.write(`  ${setPermissions(service)}\n`);
}

function handlerOf(name: string): string {
  return `src/endpoints/${name}.ts`;
}
