import { EXIT, ExpectedError } from '../errors.ts';
import { groupOf, type Check } from './check.ts';
import { isAccepted, isUnserved, outcomeOf, Probe, statusOf, wayOf } from './probe.ts';
import { isNotHttp, isUntrusted } from '../tsuru/failures.ts';
import { isUnreachable, Lost, Session, type CheckedService, type Sent } from './session.ts';

/**
 * Makes the few calls without which no check can say anything: plans and status, which need the password, then a create and
 * a bind. Leaves nothing behind.
 * @throws ExpectedError if the service cannot be reached, refuses the password, or serves no create or no bind
 */
export async function preflight(
  service: CheckedService,
  checks: readonly Check[],
  signal: AbortSignal,
): Promise<void> {
  const session = new Session(service, signal);
  const probes = service.encodings.map((encoding) => new Probe(session, 'preflight', encoding, () => undefined));
  try {
    const [first] = probes;
    if (first === undefined) return;
    await requireReply(first);
    await requireAccess(first);
    if (checks.some((check) => groupOf(check) !== 'plans')) await requireRoutes(probes);
  } catch (error) {
    if (!(error instanceof Lost)) throw error;
    if (session.isLost) throw unreachable(service, 'the connection was refused');
  } finally {
    await session.made.removeAll(signal);
  }
}

function unreachable({ address }: CheckedService, reason: string): ExpectedError {
  const message = `${address.href} cannot be reached: ${reason}.`;
  return new ExpectedError(EXIT.inTheWay, message, 'Start the service, or give another address.');
}

/** Requires that something replies at the address. */
async function requireReply(probe: Probe): Promise<void> {
  const { exchange } = await probe.send(probe.calls.plans());
  const { service } = probe.session;
  const { href, host } = service.address;
  const failure = exchange.failure ?? '';
  if (isUnreachable(exchange)) throw unreachable(service, failure);
  if (isUntrusted(exchange)) {
    throw new ExpectedError(
      EXIT.inTheWay,
      `The certificate of ${href} is not trusted: ${failure}.`,
      'Give the certificate of its authority with --ca FILE, or take any with --insecure. Tsuru has to trust it, too.',
    );
  }
  if (isNotHttp(exchange)) {
    throw new ExpectedError(
      EXIT.inTheWay,
      `${href} does not speak ${service.address.protocol === 'https:' ? 'TLS' : 'HTTP'}: ${failure}.`,
      `Is ${host} the port of the service, and is it http or https?`,
    );
  }
}

/** Requires that the password is right. Two calls must refuse it: a service need not have plans. */
async function requireAccess(probe: Probe): Promise<void> {
  const { calls, session } = probe;
  const sent = [await probe.send(calls.plans()), await probe.send(calls.status(probe.missingName()))];
  if (!sent.every((one) => statusOf(one) === 401 || statusOf(one) === 403)) return;
  const { address, username } = session.service;
  throw new ExpectedError(
    EXIT.inTheWay,
    `${address.href} refuses the user name "${username}" with this password.`,
    'Give those that the service expects: --username and SERVICE_PASSWORD, or --manifest.',
  );
}

/** Requires that creates and binds are served at all, in one encoding or another. */
async function requireRoutes(probes: readonly Probe[]): Promise<void> {
  const unserved: Sent[] = [];
  for (const probe of probes) {
    const name = probe.newName();
    const created = await probe.create(name);
    const decisive = isAccepted(created) ? await probe.bindAppNow(name, probe.newApp()) : created;
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
