import { EXIT, ExpectedError } from '../errors.ts';
import type { Encoding } from '../tsuru/encoding.ts';
import { isNotHttp, isUntrusted } from '../tsuru/failures.ts';
import { TOO_MANY_REDIRECTS } from '../tsuru/redirects.ts';
import { groupOf, type Check } from './check.ts';
import type { Left } from './made.ts';
import { Probe } from './probe.ts';
import { isAccepted, isUnserved, outcomeOf, type Sent, statusOf, wayOf } from './sent.ts';
import { Lost, Session, type CheckedService } from './session.ts';
import { Verdict } from './verdict.ts';

/**
 * Makes the few calls without which no check can say anything: plans and status, which need the password, then a create and
 * a bind.
 * @param hurry ends the removal of the instances
 * @returns the instances that may be left behind
 * @throws ExpectedError if the service cannot be reached, refuses the password, or serves no create or no bind
 */
export async function preflight(
  service: CheckedService,
  checks: readonly Check[],
  signal: AbortSignal,
  hurry?: AbortSignal,
): Promise<Left[]> {
  const session = new Session(service, signal);
  const hasty = new Session({ ...service, timeout: Math.min(service.timeout, PATIENCE) }, signal, PATIENCE);
  const probes = service.encodings.map((encoding) => probeOf(session, encoding));
  try {
    await requireAccess(probeOf(hasty, 'form'));
    if (checks.some((check) => groupOf(check) !== 'plans')) await requireRoutes(probes);
  } catch (error) {
    const left = await session.made.removeAll(hurry);
    if (error instanceof Lost && !session.isLost && !hasty.isLost) return left;
    const obstacle = error instanceof Lost ? new Unreachable(service, `cannot be reached: ${session.lossReason || hasty.lossReason}`) : error;
    if (!(obstacle instanceof ExpectedError) || left.length === 0) throw obstacle;
    const names = left.map(({ name }) => name).join(', ');
    throw new ExpectedError(obstacle.exitCode, obstacle.message, `${obstacle.hint} May be left behind: ${names}.`);
  }
  return session.made.removeAll(hurry);
}

/** Milliseconds to wait for a reply that takes no work, and, in all, for a service that is busy. */
const PATIENCE = 10_000;

function probeOf(session: Session, encoding: Encoding): Probe {
  return new Probe(session, 'preflight', encoding, () => undefined);
}

/** Nothing listens at the address of the service. */
export class Unreachable extends ExpectedError {
  /** @param state completes the sentence that begins with the address */
  constructor({ address }: CheckedService, state: string) {
    super(EXIT.inTheWay, `${address.href} ${state}.`, 'Start the service, or give another address.');
  }
}

/** Requires that an HTTP server replies at the address, and takes the password. Two calls say so: one alone may be broken. */
async function requireAccess(probe: Probe): Promise<void> {
  const { calls, session } = probe;
  const { address, username, timeout } = session.service;
  const plans = await probe.send(calls.plans());
  const both = [plans, await probe.send(calls.status(probe.missingName()))];
  const [refusal, other] = both.map((sent) => refusalOf(sent, session.service));
  if (refusal !== undefined && other !== undefined) throw refusal;
  if (both.every(({ exchange }) => exchange.reply === undefined)) {
    throw new ExpectedError(
      EXIT.inTheWay,
      `${address.href} gives no reply${plans.exchange.failure === 'timeout' ? ` within ${timeout / 1000} s` : `: ${String(plans.exchange.failure)}`}.`,
      'Is the service at this port, and is it at work?',
    );
  }
  if (both.every((sent) => statusOf(sent) === 429 || statusOf(sent) === 503)) {
    throw new ExpectedError(
      EXIT.inTheWay,
      `${address.href} is too busy, or in maintenance: it replies with ${statusOf(plans)}.`,
      'Try again later.',
    );
  }
  if (both.every((sent) => statusOf(sent) === 401 || statusOf(sent) === 403)) {
    throw new ExpectedError(
      EXIT.inTheWay,
      `${address.href} refuses the user name "${username}" with this password.`,
      'Give those that the service expects: --username and SERVICE_PASSWORD, or --manifest.',
    );
  }
}

/** Why a call did not reach an HTTP server; undefined if it did, or if that is not known. */
function refusalOf({ exchange }: Sent, service: CheckedService): ExpectedError | undefined {
  const { href, host, protocol } = service.address;
  const failure = String(exchange.failure);
  if (isUntrusted(exchange)) {
    return new ExpectedError(
      EXIT.inTheWay,
      `The certificate of ${href} is not trusted: ${failure}.`,
      'Give the certificate of its authority with --ca FILE, or take any with --insecure. Tsuru has to trust it, too.',
    );
  }
  const [hop] = exchange.hops;
  if (hop !== undefined && exchange.failure === TOO_MANY_REDIRECTS) {
    return new ExpectedError(
      EXIT.inTheWay,
      `${href}: ${TOO_MANY_REDIRECTS}. The first one is a ${hop.status} to ${hop.location}.`,
      'Give the address of the API itself; a login page or a gateway may be in front of it.',
    );
  }
  if (!isNotHttp(exchange)) return undefined;
  return new ExpectedError(
    EXIT.inTheWay,
    `${href} does not speak ${protocol === 'https:' ? 'TLS' : 'HTTP'}: ${failure}.`,
    `Is ${host} the port of the service, and is it http or https?`,
  );
}

/** The first bind to a new instance; undefined if the instance is never ready for one. */
async function bindTo(probe: Probe, name: string): Promise<Sent | undefined> {
  try {
    await probe.settled(name);
    return await probe.bindApp(name, probe.newApp());
  } catch (error) {
    if (error instanceof Verdict) return undefined;
    throw error;
  }
}

/** Requires that creates and binds are served at all, in one encoding or another. */
async function requireRoutes(probes: readonly Probe[]): Promise<void> {
  const unserved: Sent[] = [];
  for (const probe of probes) {
    const name = probe.newName();
    const created = await probe.create(name);
    const decisive = isAccepted(created) ? await bindTo(probe, name) : created;
    if (decisive === undefined) return;
    if (!isUnserved(decisive)) return;
    unserved.push(decisive);
  }
  const [sent] = unserved;
  if (sent === undefined) return;
  const way = wayOf(sent.call);
  if (sent.call.action === 'Create') {
    throw new ExpectedError(
      EXIT.failed,
      `No instance can be created: ${way} ${outcomeOf(sent)}.`,
      'Serve POST /resources, or give another address: Tsuru appends the paths of its calls to it.',
    );
  }
  throw new ExpectedError(EXIT.failed, `No app can be bound: ${way} ${outcomeOf(sent)}.`, 'Serve POST /resources/{name}/bind-app.');
}
