import { pathBelow } from './access.ts';
import type { Call } from './calls.ts';
import { decodeGo, GoJsonError, INFO, PLANS, VARIABLES, type GoType } from './go-json.ts';
import type { Exchange, Reply } from './http.ts';
import { TOO_MANY_REDIRECTS } from './redirects.ts';

/** What Tsuru makes of a reply. */
export type Reading =
  | { ok: true; value?: unknown }
  /** `sentinel` is set for the errors that Tsuru knows by name and handles. */
  | { ok: false; error: string; sentinel?: Sentinel };

export type Sentinel =
  'ErrInstanceAlreadyExistsInAPI' | 'ErrInstanceNotFoundInAPI' | 'ErrInstanceNotReady' | 'ErrMissingPool';

const SENTINELS: Record<Sentinel, string> = {
  ErrInstanceAlreadyExistsInAPI: 'instance already exists in the service API',
  ErrInstanceNotFoundInAPI: 'instance does not exist in the service API',
  ErrInstanceNotReady: 'instance is not ready yet',
  ErrMissingPool: 'Missing pool',
};

/** The beginnings of Tsuru's error messages. */
interface Prefixes {
  /** Before `invalid response: ...`. */
  failed: string;
  /** Before an error of the connection. */
  unreached: string;
}

/**
 * Reads a reply exactly as Tsuru's service client does ("How Tsuru reads the answers" in the contract, and the replies
 * recorded from it). That client follows redirects (`sendFollowing`); a redirect that is given here is a reply like any other.
 *
 * @param service for the error messages
 */
export function readReply(call: Call, exchange: Exchange, service: { id: string; address: URL }): Reading {
  const { failed, unreached } = prefixesFor(call, service.id);
  const { reply } = exchange;
  if (reply === undefined) return { ok: false, error: unreached + connectionError(exchange, service.address) };
  const { status, body } = reply;
  const refused = (): Reading => ({
    ok: false,
    error: `${failed}invalid response: ${body.toString('utf8')} (code: ${status})`,
  });
  const isSuccess = status >= 200 && status < 300;
  switch (call.action) {
    case 'Create':
      if (status === 409) return known('ErrInstanceAlreadyExistsInAPI');
      return isSuccess ? { ok: true } : refused();
    case 'Update':
      return isSuccess || status === 404 ? { ok: true } : refused();
    case 'Destroy':
    case 'UnbindApp':
    case 'UnbindJob':
      if (status === 404) return known('ErrInstanceNotFoundInAPI');
      return isSuccess ? { ok: true } : refused();
    case 'BindApp':
    case 'BindJob':
      if (status === 404) return known('ErrInstanceNotFoundInAPI');
      if (status === 412) return known('ErrInstanceNotReady');
      return isSuccess ? decode(exchange, reply, VARIABLES) : refused();
    case 'Status':
      if (status === 200 && !reply.complete) return { ok: false, error: cutShort(exchange, reply) ?? 'unexpected EOF' };
      if (status === 200) return { ok: true, value: body.toString('utf8') };
      if (status === 202) return { ok: true, value: 'pending' };
      if (status === 204) return { ok: true, value: 'up' };
      if (status === 404) return { ok: true, value: 'not implemented for this service' };
      return status === 500 ? { ok: true, value: 'down' } : refused();
    case 'Info':
      return status === 200 ? decode(exchange, reply, INFO) : { ok: true, value: null };
    case 'Plans':
      if (status === 400) return readMissingParameters(body);
      return status === 200 ? decode(exchange, reply, PLANS) : { ok: true, value: null };
    case 'Proxy':
      return { ok: true };
  }
}

/** A reading as a sentence, for a report. */
export function describeReading(call: Call, reading: Reading): string {
  if (call.action === 'Proxy') return "Tsuru passes the reply on to its user unchanged.";
  if (!reading.ok) return `Error: ${reading.error}`;
  if (reading.value === null) return 'Tsuru shows nothing, not even an error.';
  if (typeof reading.value === 'string') return `Tsuru shows the status "${reading.value.slice(0, 80)}".`;
  return 'Tsuru treats it as a success.';
}

function known(sentinel: Sentinel): Reading {
  return { ok: false, error: SENTINELS[sentinel], sentinel };
}

function decode(exchange: Exchange, reply: Reply, type: GoType): Reading {
  try {
    return { ok: true, value: decodeGo(reply.body, type) };
  } catch (error) {
    if (!(error instanceof GoJsonError)) throw error;
    const early = /EOF$/.test(error.message) ? cutShort(exchange, reply) : undefined;
    return { ok: false, error: early ?? error.message };
  }
}

/** Why a body was not read to its end, if this side stopped; Tsuru itself reads bodies of any length. */
function cutShort({ failure }: Exchange, { isTooLong }: Reply): string | undefined {
  if (isTooLong === true) return 'the body is longer than 1 MiB';
  if (failure !== 'timeout') return undefined;
  return 'context deadline exceeded (Client.Timeout or context cancellation while reading body)';
}

/** A 400 for plans: Tsuru looks for `cluster` in `missing_params`, and panics on a body that is `null`. */
function readMissingParameters(body: Buffer): Reading {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return { ok: true, value: null };
  }
  if (value === null) {
    return {
      ok: false,
      error: "PANIC in tsuru's client: runtime error: invalid memory address or nil pointer dereference",
    };
  }
  const missing = (value as { missing_params?: unknown }).missing_params;
  const isPool =
    Array.isArray(missing) && missing.every((item) => typeof item === 'string') && missing.includes('cluster');
  return isPool ? known('ErrMissingPool') : { ok: true, value: null };
}

function prefixesFor({ action, instance, app, job, request }: Call, service: string): Prefixes {
  const bound = `"${service}/${instance}"`;
  const path = request.path;
  switch (action) {
    case 'Create':
      return both(`Failed to create the instance ${instance}: `);
    case 'Update':
      return { failed: `Failed to update the instance ${instance}: `, unreached: '' };
    case 'Destroy':
      return { failed: `Failed to destroy the instance ${instance}: `, unreached: '' };
    case 'BindApp':
      return {
        failed: `Failed to bind the instance ${bound} to the app "${app}": `,
        unreached: `Failed to bind app "${app}" to service instance ${bound}: `,
      };
    case 'BindJob':
      return {
        failed: `Failed to bind the instance ${bound} to the job "${job}": `,
        unreached: `Failed to bind job "${job}" to service instance ${bound}: `,
      };
    case 'UnbindApp':
    case 'UnbindJob':
      return { failed: `Failed to unbind ("${path}"): `, unreached: '' };
    case 'Status':
      return both(`Failed to get status of instance ${instance}: `);
    default:
      return both('');
  }
}

function both(prefix: string): Prefixes {
  return { failed: prefix, unreached: prefix };
}

function connectionError({ request, failure, hops }: Exchange, address: URL): string {
  const method = request.method.charAt(0) + request.method.slice(1).toLowerCase();
  const asked = hops.findLast(({ url }) => url !== undefined)?.url ?? address.origin + pathBelow(address, request.path);
  // Of an endless chain, Go names what the last redirect said, unresolved.
  const url = failure === TOO_MANY_REDIRECTS ? hops.at(-1)?.location : asked;
  const reason =
    {
      ECONNREFUSED: `dial tcp ${URL.canParse(asked) ? new URL(asked).host : ''}: connect: connection refused`,
      ENOTFOUND: `dial tcp: lookup ${URL.canParse(asked) ? new URL(asked).hostname : ''}: no such host`,
      // Words without TLS from a server that was asked for it.
      EPROTO: 'http: server gave HTTP response to HTTPS client',
      ECONNRESET: 'EOF',
      timeout: 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
    }[failure ?? ''] ?? String(failure);
  return `${method} "${url}": ${reason}`;
}
