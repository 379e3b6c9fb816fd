import type { Call } from './calls.ts';
import { decodeGo, GoJsonError, INFO, PLANS, VARIABLES, type GoType } from './go-json.ts';
import type { Exchange } from './http.ts';

/** What Tsuru makes of an answer. */
export type Reading =
  | { ok: true; value?: unknown }
  /** `sentinel` is set where Tsuru knows the error by name, and goes on by it. */
  | { ok: false; error: string; sentinel?: Sentinel };

export type Sentinel =
  'ErrInstanceAlreadyExistsInAPI' | 'ErrInstanceNotFoundInAPI' | 'ErrInstanceNotReady' | 'ErrMissingPool';

const SENTINELS: Record<Sentinel, string> = {
  ErrInstanceAlreadyExistsInAPI: 'instance already exists in the service API',
  ErrInstanceNotFoundInAPI: 'instance does not exist in the service API',
  ErrInstanceNotReady: 'instance is not ready yet',
  ErrMissingPool: 'Missing pool',
};

/** What Tsuru calls a failing call, before `invalid response: ...`; and what it says before an error of the connection. */
interface Words {
  failed: string;
  unreached: string;
}

/**
 * Reads an answer exactly as Tsuru's client does ("How Tsuru reads the answers" in the contract, and its recorded answers).
 * A redirect, which that client follows, has to be followed before; here it is an answer like any other.
 *
 * @param call the request that was sent
 * @param service its id and its address, for the messages
 */
export function readReply(call: Call, exchange: Exchange, service: { id: string; address: URL }): Reading {
  const { failed, unreached } = wordsFor(call, service.id);
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
      return isSuccess ? decode(body, VARIABLES) : refused();
    case 'Status':
      if (status === 200 && !reply.complete) return { ok: false, error: 'unexpected EOF' };
      if (status === 200) return { ok: true, value: body.toString('utf8') };
      if (status === 202) return { ok: true, value: 'pending' };
      if (status === 204) return { ok: true, value: 'up' };
      if (status === 404) return { ok: true, value: 'not implemented for this service' };
      return status === 500 ? { ok: true, value: 'down' } : refused();
    case 'Info':
      return status === 200 ? decode(body, INFO) : { ok: true, value: null };
    case 'Plans':
      if (status === 400) return readMissingParameters(body);
      return status === 200 ? decode(body, PLANS) : { ok: true, value: null };
    case 'Proxy':
      return { ok: true };
  }
}

/** The sentence that a person reads about it. */
export function describeReading(call: Call, reading: Reading): string {
  if (call.action === 'Proxy') return "The answer goes to Tsuru's user as it is.";
  if (!reading.ok) return `Error: ${reading.error}`;
  if (reading.value === null) return 'Tsuru shows nothing, and no error.';
  if (typeof reading.value === 'string') return `Tsuru shows the status "${reading.value.slice(0, 80)}".`;
  return 'Tsuru takes it as a success.';
}

function known(sentinel: Sentinel): Reading {
  return { ok: false, error: SENTINELS[sentinel], sentinel };
}

function decode(body: Buffer, type: GoType): Reading {
  try {
    return { ok: true, value: decodeGo(body, type) };
  } catch (error) {
    if (error instanceof GoJsonError) return { ok: false, error: error.message };
    throw error;
  }
}

/** A 400 of plans: Tsuru looks for `missing_params` with `cluster` in it, and falls over a body that is `null`. */
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

function wordsFor({ action, instance, app, job, request }: Call, service: string): Words {
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

function both(words: string): Words {
  return { failed: words, unreached: words };
}

function connectionError({ request, failure }: Exchange, address: URL): string {
  const method = request.method.charAt(0) + request.method.slice(1).toLowerCase();
  const reason =
    {
      ECONNREFUSED: `dial tcp ${address.host}: connect: connection refused`,
      ECONNRESET: 'EOF',
      timeout: 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
    }[failure ?? ''] ?? String(failure);
  return `${method} "${address.origin}${address.pathname.replace(/\/$/, '')}${request.path}": ${reason}`;
}
