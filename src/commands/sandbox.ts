import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { EXIT, ExpectedError, messageOf } from '../errors.ts';
import type { Context } from '../project/context.ts';
import type { Machine } from '../project/machine.ts';
import { projectAround } from '../project/open.ts';
import { hasRecord, REGISTERED_FILES } from '../project/service-files.ts';
import type { Registration } from '../publish/registration.ts';
import { openInBrowser } from '../sandbox/browser.ts';
import { parseSandboxRequest, type SandboxRequest } from '../sandbox/options.ts';
import { outputOf, type Output } from '../sandbox/output.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../sandbox/sandbox.ts';
import { followFiles } from '../sandbox/service/watch-files.ts';
import { registrarOf } from '../sandbox/service/keep-registered.ts';
import { freePort } from '../sandbox/service/free-port.ts';
import { ownServiceIn, ownRegistrationIn, type OwnService } from '../sandbox/service/project.ts';
import { registrationAt } from '../sandbox/service/registration.ts';
import { runOwn } from '../sandbox/service/run-own.ts';
import { watchService, type ServiceWatch } from '../sandbox/service/watch-service.ts';
import { openStateFile } from '../sandbox/state/state-file.ts';
import type { RunProgram } from '../steps/process.ts';

/** All that the command touches besides the service. */
export interface SandboxContext extends Pick<Context, 'argv' | 'cwd' | 'environment' | 'terminal' | 'signal'> {
  /** Aborted by a second Ctrl-C: ends the service without waiting for what it does. */
  hurry: AbortSignal;
  machine: Machine;
  platform: NodeJS.Platform;
  runProgram: RunProgram;
}

/** The port that is listened on unless told, if it is free: so that an address that was copied holds after a restart. */
const USUAL_PORT = 8889;

/** Milliseconds until the address is printed for a program although the service does not listen. */
const PATIENCE = 60_000;

/** The service that a sandbox is for. */
interface Service {
  address: URL;
  /** Undefined if it is not started here. */
  own: OwnService | undefined;
  watch: ServiceWatch;
  /** Reads its registration anew. @throws ExpectedError */
  registration: () => Registration;
  /** The files that the registration depends on. */
  files: string[];
}

/**
 * Plays Tsuru for one service, until it is stopped.
 * @throws ExpectedError for wrong usage, for a port or a file that cannot be used, if the service that it started ends, and
 *   when it is stopped
 */
export async function sandbox(context: SandboxContext): Promise<never> {
  const { argv, cwd, environment, terminal, machine } = context;
  const request = parseSandboxRequest(argv, environment, hasRecord(cwd), projectAround(cwd));
  const output = outputOf(terminal, request.json);
  const service = await serviceFor(context, request);
  if (request.state !== undefined && service.own?.args.includes('dev:postgres') === true) {
    output.note('The service forgets its instances at the end, unlike Tsuru: set POSTGRES_ADMIN_URL to a PostgreSQL server that keeps them.');
  }
  const registration = service.registration();
  const stateFile = request.state === undefined ? undefined : openStateFile(resolve(cwd, request.state), machine, output.note);
  let isRefused = false;
  const onCall: SandboxOptions['onCall'] = (call) => {
    output.call(call);
    if (call.failure !== undefined) service.watch.lose();
    if (call.reply?.status === 401 && !isRefused) output.note(`The service refuses the user name or the password that Tsuru has: ${service.own ? 'compare manifest.yaml with .env' : 'correct --manifest, or --username and --password'}.`);
    isRefused = call.reply?.status === 401;
  };
  try {
    const running = await start(request, service, { team: registration.team, onCall, ...(stateFile && { stateFile }) });
    try {
      return await serve(context, request, service, registration, running, output);
    } finally {
      await running.close();
    }
  } finally {
    stateFile?.close();
  }
}

/** The service at the address that was given, or that of the project. */
async function serviceFor({ cwd, environment, signal }: SandboxContext, { address, given }: SandboxRequest): Promise<Service> {
  const manifest = given.manifest === undefined ? [] : [resolve(cwd, given.manifest)];
  if (address !== undefined) {
    const registration = () => registrationAt(address, given, environment);
    return { address, own: undefined, watch: watchService(address, false), registration, files: manifest };
  }
  const project = ownServiceIn(cwd, environment);
  const own = { ...project, port: await freePort(project.port, signal) };
  const itsAddress = new URL(`http://127.0.0.1:${own.port}`);
  return {
    ...{ address: itsAddress, own, watch: watchService(itsAddress, true) },
    registration: () => ownRegistrationIn(own, given, environment),
    files: [...REGISTERED_FILES.map((path) => resolve(cwd, path)), ...manifest],
  };
}

/** @throws ExpectedError if it cannot listen there */
async function start({ port, host, tls }: SandboxRequest, { own }: Service, options: SandboxOptions): Promise<Sandbox> {
  const listen = (on: number) => startSandbox({ ...options, host, tls, port: on });
  try {
    // The service that is started needs its own port.
    return await listen(port ?? (own?.port === USUAL_PORT ? 0 : USUAL_PORT));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (port === undefined && code === 'EADDRINUSE') return listen(0);
    if (code === 'EADDRINUSE') {
      throw new ExpectedError(EXIT.inTheWay, `Port ${String(port)} is taken by another program.`, 'Give another --port, or none to get a free one.');
    }
    throw new ExpectedError(EXIT.inTheWay, `The sandbox cannot listen: ${messageOf(error)}.`, 'Give another --host or --port.');
  }
}

/** Registers the service, starts it if it is the project's own, and follows it until the end. @throws ExpectedError at the end */
async function serve(
  context: SandboxContext,
  request: SandboxRequest,
  service: Service,
  registration: Registration,
  running: Sandbox,
  output: Output,
): Promise<never> {
  const { signal, cwd, environment, platform, runProgram } = context;
  const registrar = registrarOf(running, registration, service.registration);
  const notes = await registrar.first();
  for (const note of notes) output.note(note);
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const tellAddress = () => {
    if (!until.aborted) output.address({ target: running.address, token: running.token, page: running.page });
  };
  // A program that reads the address goes on at once: it waits for the service that is started.
  const isAwaited = request.json && service.own !== undefined;
  if (!isAwaited) tellAddress();
  if (request.open && !(await openInBrowser(running.page, platform, runProgram, { cwd, environment }))) {
    output.note('No browser can be opened here.');
  }
  const isThere = new AbortController();
  const following = [
    service.watch.follow(until, presenceTeller(service, running, output, isThere)),
    followFiles(service.files, until, async () => {
      for (const note of await registrar.again()) output.note(note);
    }),
  ];
  if (isAwaited) following.push(waitFor(AbortSignal.any([until, isThere.signal]), PATIENCE).then(tellAddress));
  const ending = await (service.own === undefined ? waitFor(signal) : runService(context, service.own, request, running, output));
  over.abort();
  await Promise.all(following);
  if (signal.aborted) throw new ExpectedError(EXIT.cancelled, 'The sandbox has ended.');
  throw new ExpectedError(EXIT.failed, `The service has ended (${String(ending)}), and the sandbox with it.`, 'Its last lines say why.');
}

/** Says how the service is, on the terminal and on the page. */
function presenceTeller({ own, address }: Service, running: Sandbox, output: Output, wasThere: AbortController): (away: string | undefined) => void {
  return (away) => {
    const isThere = away === undefined;
    const isStarting = !isThere && own !== undefined && !wasThere.signal.aborted;
    const text = isThere ? `The service listens at ${address.origin}.` : isStarting ? 'The service starts.' : `Nothing listens at ${address.origin} (${away}): the sandbox waits for it.`;
    if (own !== undefined) running.tellService(isThere ? 'up' : isStarting ? 'starting' : 'down', text);
    output.note(text);
    if (isThere) wasThere.abort();
  };
}

async function runService(
  { environment, signal, hurry, runProgram, terminal }: SandboxContext,
  own: OwnService,
  { state }: SandboxRequest,
  running: Sandbox,
  output: Output,
): Promise<string> {
  const explain = () => {
    terminal.writeError('Stopping the service. Ctrl-C once more ends it at once.\n');
  };
  signal.addEventListener('abort', explain);
  const log = (line: string) => {
    running.log(line);
    output.log(line);
  };
  try {
    return await runOwn(own, { environment, signal, hurry, runProgram, keepsStore: state !== undefined, log });
  } finally {
    signal.removeEventListener('abort', explain);
  }
}

/** Waits until the signal is aborted, or that many milliseconds. A timer keeps the process alive meanwhile. */
function waitFor(signal: AbortSignal, milliseconds = 2 ** 31 - 1): Promise<void> {
  return sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
