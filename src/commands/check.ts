import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Context } from '../project/context.ts';
import { EXIT, ExpectedError, messageOf } from '../errors.ts';
import { CHECKS } from '../check/checks/index.ts';
import { parseCheckRequest, type CheckRequest } from '../check/options.ts';
import { isBad } from '../check/report/facts.ts';
import { toHtml } from '../check/report/html.ts';
import { listText } from '../check/report/list.ts';
import { toJson, toJunit, toTap } from '../check/report/machine.ts';
import { Pretty } from '../check/report/pretty.ts';
import { preflight } from '../check/preflight.ts';
import { QUIET, runChecks, type CheckRun } from '../check/run.ts';

/** All that the command touches besides the service. An abort of the signal still lets it remove its instances. */
export type CheckContext = Pick<Context, 'argv' | 'cwd' | 'environment' | 'terminal' | 'signal'>;

/**
 * Makes Tsuru's calls to a service API, and checks its replies.
 * @returns the exit code: 0 if every `must` holds, 1 if one does not or an instance is left behind
 * @throws ExpectedError for wrong usage, for a service that cannot be reached, and if the run was stopped
 */
export async function check(context: CheckContext): Promise<0 | 1> {
  const { argv, environment, terminal, signal } = context;
  const request = parseCheckRequest(argv, environment);
  if (request === 'list') {
    terminal.write(listText(CHECKS, terminal.columns));
    return 0;
  }
  const { service } = request;
  await preflight(service, request.checks, signal);
  const run = await perform(context, request);
  if (run.ending === 'interrupted') throw new ExpectedError(EXIT.cancelled, 'Cancelled.');
  if (run.ending === 'lost') {
    throw new ExpectedError(EXIT.inTheWay, `The service at ${service.address.href} became unreachable.`);
  }
  return isBad(run) ? 1 : 0;
}

async function perform({ cwd, terminal, signal }: CheckContext, request: CheckRequest): Promise<CheckRun> {
  const { service, checks, format, report, verbose } = request;
  const pretty = format === 'pretty' ? new Pretty(terminal, service, verbose) : undefined;
  const run = await runChecks(service, checks, { signal }, pretty ?? QUIET);
  if (report !== undefined) {
    try {
      writeFileSync(resolve(cwd, report), toHtml(run, service));
    } catch (error) {
      terminal.writeError(`The report ${report} could not be written: ${messageOf(error)}\n`);
    }
  }
  pretty?.finish(run, report);
  if (format === 'json') terminal.write(toJson(run, service));
  if (format === 'junit') terminal.write(toJunit(run, service));
  if (format === 'tap') terminal.write(toTap(run, service));
  if (format !== 'pretty') {
    for (const { name } of run.left) terminal.writeError(`The instance ${name} may be left behind.\n`);
  }
  return run;
}
