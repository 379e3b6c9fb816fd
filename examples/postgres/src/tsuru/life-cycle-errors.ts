import { messageOf, ServiceError } from './errors.js';

/** Any error, as one for Tsuru's user. */
export function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  return new ServiceError(500, 'The service API failed unexpectedly; its log says why.', {}, { cause: error });
}

/** Any error, as a failure: removal and unbind cannot be refused, since by then something has changed. */
export function asFailure(error: unknown): ServiceError {
  const problem = asServiceError(error);
  return problem.refused ? new ServiceError(500, messageOf(problem), {}, { cause: error }) : problem;
}

/** The failure of a backend whose own text is not for Tsuru's user. @param action the start of a sentence */
export function backendFailed(action: string, cause: unknown): ServiceError {
  const text = `${action} failed. The service's log says why. Try again, or tell the service's operators.`;
  return new ServiceError(500, text, {}, { cause });
}

export function timedOut(action: string, cause?: unknown): ServiceError {
  const text = `${action} took too long and was stopped. Try again: it continues from there.`;
  return new ServiceError(504, text, {}, { cause });
}

/** A backend's ServiceError, with a text where it has none. */
export function withText(action: string, error: ServiceError): ServiceError {
  if (messageOf(error) !== '') return error;
  if (!error.refused) return backendFailed(action, error);
  return new ServiceError(error.status, `${action} was refused by the service.`, error.fields, { cause: error });
}

export function withStatus(status: number, error: ServiceError): ServiceError {
  return status === error.status ? error : new ServiceError(status, error.message, error.fields, { cause: error });
}

export function noSuchInstance(name: string): ServiceError {
  return new ServiceError(404, `The service has no instance "${name}".`);
}

/** A text that ends with a full stop, so that another sentence can follow. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
