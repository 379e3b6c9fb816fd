import { messageOf, ServiceError } from './errors.js';
import type { StoredInstance } from './store.js';

/** What was thrown, as an error for Tsuru's user. */
export function asServiceError(error: unknown): ServiceError {
  return error instanceof ServiceError ? error : new ServiceError(500, 'The service API failed unexpectedly; its log says why.', {}, { cause: error });
}

/** The failure of a call of the backend whose own text is not for Tsuru's user. @param what the beginning of a sentence */
export function failed(what: string, cause: unknown): ServiceError {
  const text = `${what} failed. The service's log says why. Try again, or tell the service's operators.`;
  return new ServiceError(500, text, {}, { cause });
}

/** The error of what was stopped in its time. */
export function tookTooLong(what: string, cause?: unknown): ServiceError {
  return new ServiceError(504, `${what} took too long and was stopped. Try again: it goes on from there.`, {}, { cause });
}

/** A ServiceError of a backend, with a text in any case. */
export function inWords(what: string, error: ServiceError): ServiceError {
  if (messageOf(error) !== '') return error;
  if (!error.refused) return failed(what, error);
  return new ServiceError(error.status, `${what} was refused by the service.`, error.fields, { cause: error });
}

/** An instance whose creation was cut short by the end of the service; any other as it is. */
export function interrupted(instance: StoredInstance): StoredInstance {
  if (instance.state !== 'pending') return instance;
  return { ...instance, state: 'failed', error: 'The service stopped while it was being created.' };
}

/** The error for a name that the service does not have. */
export function notThere(name: string): ServiceError {
  return new ServiceError(404, `The service has no instance "${name}".`);
}

/** A text with a full stop, so that another sentence can follow. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** The state of an instance, with the reason, as its team reads it. */
export function stateOf({ state, error, damaged }: StoredInstance): string {
  if (damaged.length > 0) return `damaged: the store cannot read its ${damaged.join(', ')}`;
  return error === '' ? state : `${state}: ${error}`;
}

/** @throws ServiceError 500 when the store cannot read all of the instance */
export function refuseDamaged({ name, damaged }: StoredInstance): void {
  if (damaged.length === 0) return;
  throw new ServiceError(
    500,
    `The service's store cannot read the ${damaged.join(', ')} of the instance "${name}". It can only be removed.`,
  );
}

/**
 * Holds that an instance can be used.
 * @param whilePending the status of the error while it is being created: 412 is what Tsuru takes for that of a bind
 * @throws ServiceError that says why not
 */
export function refuseUnready(instance: StoredInstance, whilePending: 409 | 412): void {
  const { name, state, error } = instance;
  refuseDamaged(instance);
  if (state === 'pending') {
    throw new ServiceError(
      whilePending,
      `The instance "${name}" is still being created. Try again when its status is up.`,
    );
  }
  if (state === 'failed') {
    const reason = `The instance "${name}" could not be created${error === '' ? '' : `: ${error}`}`;
    throw new ServiceError(409, `${sentence(reason)} Remove it and create it again.`);
  }
  if (state === 'removing') throw new ServiceError(409, `The instance "${name}" is being removed.`);
}

/** What was thrown, as a failure: removal and unbind cannot be refused, since by then something was changed. */
export function failure(error: unknown): ServiceError {
  const problem = asServiceError(error);
  return problem.refused ? new ServiceError(500, messageOf(problem), {}, { cause: error }) : problem;
}
