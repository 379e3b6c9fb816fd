export type Action = 'create' | 'update' | 'destroy' | 'bind' | 'unbind' | 'status' | 'info';

/**
 * What an answer says. `gone`: there is nothing of it. `refused`: nothing was changed. `unclear`: it may have happened, or
 * half of it, or later.
 */
export type Result = 'waiting' | 'done' | 'gone' | 'refused' | 'unclear';

/** One call of Tsuru, with its time: what it did, it did between `start` and `end`. */
export interface Operation {
  action: Action;
  /** `app:NAME` or `job:NAME`. */
  target: string;
  /** The parameters of a create or an update, as JSON. */
  parameters: string;
  /** For a create: whether there certainly was nothing. Otherwise it may have taken over what an update left half done. */
  isFresh: boolean;
  /** The variables that a bind was answered with, as JSON. */
  variables: string;
  start: number;
  /** Infinity while it may still do something. */
  end: number;
  result: Result;
}

/**
 * What Tsuru was told of one instance, and so what has to be true of it. Calls overlap: a thing must be so when an answer
 * said it, and nothing that could have changed it ran beside that call or after.
 */
export class History {
  readonly operations: Operation[] = [];

  begin(action: Action, target: string, parameters: string): Operation {
    const start = performance.now();
    const isFresh = this.operations.length === 0 || this.isGone(start, start) !== undefined;
    const operation: Operation = {
      ...{ action, target, parameters, isFresh, variables: '', start },
      end: Infinity,
      result: 'waiting',
    };
    this.operations.push(operation);
    return operation;
  }

  /** It never reached the service. */
  forget(operation: Operation): void {
    this.operations.splice(this.operations.indexOf(operation), 1);
  }

  /** A create that still holds, from one time to another. */
  exists(from: number, to: number): Operation | undefined {
    return this.#holds(
      ({ action, result }) => action === 'create' && result === 'done',
      ({ action }) => action === 'destroy',
      { from, to },
    );
  }

  /** A destroy that still holds. */
  isGone(from: number, to: number): Operation | undefined {
    return this.#holds(
      ({ action, result }) => action === 'destroy' && (result === 'done' || result === 'gone'),
      ({ action }) => action === 'create',
      { from, to },
    );
  }

  /** The create or the update whose parameters the instance has. */
  hasParameters(from: number, to: number): Operation | undefined {
    return this.#holds(
      ({ action, result, isFresh }) =>
        (action === 'update' || (action === 'create' && isFresh)) && result === 'done',
      ({ action }) => action === 'create' || action === 'update' || action === 'destroy',
      { from, to },
    );
  }

  isBound(target: string, from: number, to: number): Operation | undefined {
    return this.#holds(
      (operation) => operation.action === 'bind' && operation.target === target && operation.result === 'done',
      (operation) => operation.action === 'destroy' || (operation.action === 'unbind' && operation.target === target),
      { from, to },
    );
  }

  isUnbound(target: string, from: number, to: number): Operation | undefined {
    return this.#holds(
      ({ action, target: of, result }) =>
        (result === 'done' || result === 'gone') && (action === 'destroy' || (action === 'unbind' && of === target)),
      (operation) => operation.action === 'bind' && operation.target === target,
      { from, to },
    );
  }

  /** Whether a call of one of these kinds runs, or did until a moment ago. */
  isAsked(actions: readonly Action[], target: string, since: number): boolean {
    return this.operations.some(
      ({ action, target: of, end }) => actions.includes(action) && (of === '' || of === target) && end > since,
    );
  }

  /** The last call that made something so, unless another that undoes it ran beside it or later. */
  #holds(
    makes: (operation: Operation) => boolean,
    undoes: (operation: Operation) => boolean,
    { from, to }: { from: number; to: number },
  ): Operation | undefined {
    const made = this.operations
      .filter((operation) => operation.end <= from && makes(operation))
      .reduce<Operation | undefined>(
        (last, operation) => (last === undefined || operation.start > last.start ? operation : last),
        undefined,
      );
    if (made === undefined) return undefined;
    const isUndone = this.operations.some(
      (operation) =>
        operation !== made &&
        undoes(operation) &&
        operation.end > made.start &&
        operation.start < to &&
        (operation.result !== 'refused' || operation.end > from),
    );
    return isUndone ? undefined : made;
  }
}
