import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Context } from '../project/context.ts';
import { cancelled, EXIT, ExpectedError, messageOf } from '../errors.ts';
import { CHECKS } from '../check/checks/index.ts';
import { checkService } from '../check/check-service.ts';
import { Unreachable } from '../check/preflight.ts';
import { toBadge } from '../check/badge.ts';
import { toHar, type TimedCall } from '../check/har.ts';
import { parseCheckRequest, type CheckRequest } from '../check/options.ts';
import { requireWritable } from '../check/output-file.ts';
import { writeReplay } from '../check/replay.ts';
import { isBad } from '../check/report/facts.ts';
import { toHtml } from '../check/report/html.ts';
import { listText } from '../check/report/list.ts';
import { toJson, toJunit, toTap } from '../check/report/machine.ts';
import { Pretty } from '../check/report/pretty.ts';
import type { CheckRun } from '../check/result.ts';
import type { Watcher } from '../check/run.ts';
import { untilRestarted } from '../check/watch.ts';
import { usage } from '../terminal/options.ts';
import { plainLine, say } from '../terminal/terminal.ts';

/** All that the command touches besides the service. */
export interface CheckContext extends Pick<Context, 'argv' | 'cwd' | 'environment' | 'terminal' | 'signal'> {
  /** Aborted by a second Ctrl-C: ends the removal of the instances, too, which an abort of `signal` does not. */
  hurry: AbortSignal;
}

/**
 * Makes Tsuru's calls to a service API, and checks its replies.
 * @returns the exit code: 0 if every `must` holds, 1 if one does not or an instance is left behind
 * @throws ExpectedError for wrong usage, for a service that cannot be reached, for a file that cannot be written, and if the
 *   run was stopped
 */
export async function check(context: CheckContext): Promise<0 | 1> {
  const { argv, cwd, environment, terminal } = context;
  const request = parseCheckRequest(argv, environment);
  if (request === 'list') {
    terminal.write(listText(CHECKS, terminal.columns));
    return 0;
  }
  requireFiles(cwd, request);
  return request.watch ? watch(context, request) : checkOnce(context, request);
}

/** Requires that the files that were requested are different ones, and can be written. @throws ExpectedError otherwise */
function requireFiles(cwd: string, request: CheckRequest): void {
  const taken = new Map<string, string>();
  for (const [option, file] of Object.entries(request.inputs)) {
    if (file !== undefined) taken.set(resolve(cwd, file), option);
  }
  for (const option of ['report', 'har', 'badge'] as const) {
    const file = request[option];
    if (file === undefined) continue;
    const path = resolve(cwd, file);
    const other = taken.get(path);
    if (other !== undefined) throw usage(`--${other} and --${option} name the same file, ${file}.`);
    taken.set(path, option);
    requireWritable(`--${option}`, path);
  }
}

/** A run, and one after each restart of the service. @throws as {@link check}, once it is stopped */
async function watch(context: CheckContext, request: CheckRequest): Promise<never> {
  const { terminal, signal } = context;
  for (;;) {
    let isAway = false;
    try {
      await checkOnce(context, request);
    } catch (error) {
      if (!(error instanceof ExpectedError) || error.exitCode === EXIT.cancelled) throw error;
      terminal.writeError(`${[error.message, error.hint].join(' ').trimEnd()}\n`);
      isAway = error instanceof Unreachable;
    }
    say(terminal, 'Waiting for the service to restart; Ctrl-C ends it.');
    await untilRestarted(request.service, isAway, signal);
    if (signal.aborted) throw cancelled();
  }
}

/** One run. @returns and @throws as {@link check} */
async function checkOnce(context: CheckContext, request: CheckRequest): Promise<0 | 1> {
  const { terminal, signal, hurry } = context;
  const explain = () => {
    terminal.writeError('Stopping: the instances are removed first. Ctrl-C once more ends that at once.\n');
  };
  signal.addEventListener('abort', explain);
  const { run, unwritten } = await perform(context, request).finally(() => {
    signal.removeEventListener('abort', explain);
  });
  if (run.ending === 'interrupted') {
    throw hurry.aborted ? new ExpectedError(EXIT.cancelled, 'Cancelled before the instances were removed.') : cancelled();
  }
  if (run.ending === 'lost') {
    throw new Unreachable(request.service, 'became unreachable');
  }
  if (unwritten.length > 0) throw new ExpectedError(EXIT.inTheWay, `Not written: ${unwritten.join(', ')}.`);
  return isBad(run) ? 1 : 0;
}

async function perform(
  context: CheckContext,
  request: CheckRequest,
): Promise<{ run: CheckRun; unwritten: string[] }> {
  const { terminal, signal, hurry } = context;
  const { service, checks, format, report, verbose, maxTime, baseline } = request;
  let pretty: Pretty | undefined;
  const calls: TimedCall[] = [];
  const start = (): Watcher => {
    if (format === 'pretty') pretty = new Pretty(terminal, service, verbose && !request.replay);
    return {
      onProgress: (...progress) => pretty?.onProgress(...progress),
      // They take memory: kept only for the archive.
      ...(request.har !== undefined && { onSent: (sent, started) => calls.push({ sent, started }) }),
    };
  };
  const { run, notes } = await checkService(service, checks, { signal, hurry, maxTime }, baseline, start).finally(() => {
    pretty?.stop();
  });
  for (const result of run.results) pretty?.result(result);
  if (request.replay && pretty !== undefined) writeReplay(terminal, run, service);
  const unwritten = writeFiles(context, [
    [report, 0o600, () => toHtml(run, service)],
    [request.har, 0o600, () => toHar(calls, run, service)],
    [request.badge, 0o666, (file) => toBadge(run, file)],
  ]);
  pretty?.finish(run, report === undefined || unwritten.includes(report) ? undefined : report);
  for (const note of notes) {
    if (pretty === undefined) terminal.writeError(`${plainLine(note, note.length)}\n`);
    else say(terminal, plainLine(note, note.length));
  }
  if (format === 'json') terminal.write(toJson(run, service));
  if (format === 'junit') terminal.write(toJunit(run, service));
  if (format === 'tap') terminal.write(toTap(run, service));
  if (format !== 'pretty') {
    for (const { name } of run.left) terminal.writeError(`The instance ${name} may be left behind.\n`);
  }
  return { run, unwritten };
}

/** Writes the files that were requested. @returns the names of those that could not be written */
function writeFiles(
  { cwd, terminal }: CheckContext,
  files: readonly [name: string | undefined, mode: number, textFor: (name: string) => string][],
): string[] {
  const unwritten: string[] = [];
  for (const [name, mode, textFor] of files) {
    if (name === undefined) continue;
    try {
      writeFileSync(resolve(cwd, name), textFor(name), { mode });
    } catch (error) {
      terminal.writeError(`The file ${name} could not be written: ${messageOf(error)}\n`);
      unwritten.push(name);
    }
  }
  return unwritten;
}
