export type Action = 'create' | 'update' | 'destroy' | 'bind' | 'unbind' | 'status' | 'info';

/**
 * What a reply means. `gone`: the thing does not exist. `refused`: nothing changed. `unclear`: the call may have succeeded,
 * fully or in part, or may still do so.
 */
export type Result = 'waiting' | 'done' | 'gone' | 'refused' | 'unclear';

/** One call of Tsuru. Its effects, if any, fall between `start` and `end`. */
export interface Operation {
  action: Action;
  /** `app:NAME` or `job:NAME`. */
  target: string;
  /** The parameters of a create or an update, as JSON. */
  parameters: string;
  /** For a create: whether nothing existed before. Otherwise it may have adopted the remains of an update. */
  isFresh: boolean;
  /** The variables that a bind returned, as JSON. */
  variables: string;
  start: number;
  /** Infinity while it may still have effects. */
  end: number;
  result: Result;
}

/**
 * What the service told Tsuru about one instance, and so what must be true of it. Calls overlap: a fact is certain if a reply
 * established it, and no call that could have changed it ran at the same time or later.
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

  /** Removes a call that never reached the service. */
  forget(operation: Operation): void {
    this.operations.splice(this.operations.indexOf(operation), 1);
  }

  /** The create that is still in effect between two times. */
  exists(from: number, to: number): Operation | undefined {
    return this.#holds(
      ({ action, result }) => action === 'create' && result === 'done',
      ({ action }) => action === 'destroy',
      { from, to },
    );
  }

  /** The destroy that is still in effect. */
  isGone(from: number, to: number): Operation | undefined {
    return this.#holds(
      ({ action, result }) => action === 'destroy' && (result === 'done' || result === 'gone'),
      ({ action }) => action === 'create',
      { from, to },
    );
  }

  /** The create or update whose parameters the instance has. */
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

  /** Whether a call of one of these kinds is running, or ended after `since`. */
  isAsked(actions: readonly Action[], target: string, since: number): boolean {
    return this.operations.some(
      ({ action, target: of, end }) => actions.includes(action) && (of === '' || of === target) && end > since,
    );
  }

  /** The last call that established a fact, unless a call that undoes it ran at the same time or later. */
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
