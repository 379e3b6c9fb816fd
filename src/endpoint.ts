import { join, resolve } from 'node:path';

import type { Answers, EndpointAnswer } from './answers.ts';
import { withEndpointDefaults } from './endpoints.ts';
import { usage } from './flags.ts';
import { nearest } from './names.ts';
import { openProject } from './project.ts';
import { parseEndpointRequest } from './project-options.ts';
import { change, type ProjectContext, type RegenerateExit } from './regenerate.ts';
import { say, sayTable } from './terminal.ts';

/** `endpoint add|remove|list`: the routes of the service's own. */
export async function endpoint(context: ProjectContext): Promise<RegenerateExit> {
  const request = parseEndpointRequest(context.argv);
  const { answers } = openProject(resolve(context.cwd), context.generator.version);
  if (request.verb === 'list') {
    list(context, answers);
    return 0;
  }
  if (request.verb === 'remove') {
    const name = request.name ?? (await askWhich(context, answers));
    refuseUnknown(answers, name);
    const code = await change(context, request.options, (before) => ({
      ...before,
      endpoints: before.endpoints.filter((one) => one.name !== name),
    }));
    if (code === 0 && !request.options.json) {
      say(context.terminal, `Its handler, ${handlerOf(name)}, is yours, and stays.`);
    }
    return code;
  }
  const added = await complete(context, request.given);
  const code = await change(context, request.options, (before) => ({
    ...before,
    endpoints: insert(before.endpoints, added),
  }));
  if (code === 0 && !request.options.json && !request.options.dryRun) {
    say(
      context.terminal,
      `Next: write ${handlerOf(added.name)}, and tell Tsuru: tsuru service manifest set ${answers.name} permissions.yaml`,
    );
  }
  return code;
}

/** In the order of their names, unless their owner chose another one. */
function insert(endpoints: readonly EndpointAnswer[], added: EndpointAnswer): EndpointAnswer[] {
  const at = endpoints.findIndex(({ name }) => name > added.name);
  return at === -1 ? [...endpoints, added] : endpoints.toSpliced(at, 0, added);
}

function handlerOf(name: string): string {
  return join('src/endpoints', `${name}.ts`);
}

function list({ terminal }: ProjectContext, { endpoints, name }: Answers): void {
  if (endpoints.length === 0) {
    say(terminal, `${name} has no endpoints of its own.`);
  } else {
    sayTable(
      terminal,
      endpoints.map(({ name: title, method, path, action, description }) => [
        title,
        `${method} ${path}  ${action}  ${description}`,
      ]),
    );
  }
}

/** What was not given is asked on a terminal; elsewhere it follows from the name. */
async function complete({ prompts }: ProjectContext, given: Partial<EndpointAnswer>): Promise<EndpointAnswer> {
  if (given.name !== undefined) return withEndpointDefaults({ ...given, name: given.name });
  if (prompts === undefined) {
    throw usage('The name of the endpoint is missing.', 'It is: endpoint add NAME --method POST --path /path');
  }
  const { askEndpoint } = await import('./prompts.ts');
  return askEndpoint(prompts, given);
}

async function askWhich({ prompts }: ProjectContext, { endpoints }: Answers): Promise<string> {
  if (prompts === undefined || endpoints.length === 0) {
    throw usage('The name of the endpoint is missing.', 'endpoint list shows them.');
  }
  const { askChoice } = await import('./prompts.ts');
  return askChoice(
    prompts,
    'Endpoint',
    endpoints.map(({ name, method, path }) => ({ value: name, title: `${name}: ${method} ${path}` })),
  );
}

function refuseUnknown({ endpoints }: Answers, name: string): void {
  const names = endpoints.map((one) => one.name);
  if (names.includes(name)) return;
  const near = nearest(name, names);
  throw usage(
    `There is no endpoint "${name}".`,
    near === undefined ? `There are: ${names.join(', ') || 'none'}.` : `Did you mean ${near}?`,
  );
}
