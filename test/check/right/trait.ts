import type { ParameterMap } from '../../../src/tsuru/encoding.ts';
import type { Incoming, Reference, Reply } from '../broken/reference.ts';

/** One way in which a service differs from the reference, and what the checks may say about it. */
export interface Trait {
  name: string;
  /** Gives the trait to a correct service. */
  makes: (service: Reference) => void;
  /** The ids of the checks that fail, in any encoding: the rules that the trait itself breaks. */
  fails: readonly string[];
  /** The ids of the checks that cannot be made without one of those rules. */
  blocks?: readonly string[];
  /** Milliseconds to wait for a reply, and for a pending instance. */
  timeout?: number;
  /** Whether a run takes many seconds. */
  isSlow?: true;
  /** The parameters that the user gives for every create. */
  parameters?: ParameterMap;
}

/** The part of the reference that turns a request into a reply. */
export type Handler = (incoming: Omit<Incoming, 'segments' | 'fields'>) => Reply | Promise<Reply>;

export const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Puts a handler around that of a service. */
export function around(service: Reference, make: (right: Handler) => Handler): void {
  service.handle = make(service.handle.bind(service));
}

/** Replies to the calls of one kind in place of the service, before it asks for the password, as a router does. */
export function replyInstead(service: Reference, route: RegExp, reply: () => Reply): void {
  around(service, (right) => (incoming) => {
    return route.test(`${incoming.method} ${incoming.target}`) ? reply() : right(incoming);
  });
}

/** Makes every new instance ready before the reply to its create, so that it is never pending. */
export function readyAtOnce(service: Reference): void {
  service.provision = (instance) => {
    instance.isPending = false;
  };
}

/** The names of the parameters of a call, in either encoding. */
export function parameterNames(fields: Incoming['fields']): string[] {
  const inJson = Object.keys((JSON.parse(fields.get('parameters') ?? '{}') ?? {}) as object);
  const inForm = [...fields.keys()].filter((key) => key.startsWith('parameters.')).map((key) => key.slice('parameters.'.length));
  // An empty object arrives as one empty name.
  return [...inJson, ...inForm].filter((name) => name !== '');
}

/** The first host of an app, in either encoding. */
export function hostOf(fields: Incoming['fields']): string | undefined {
  const inJson = (JSON.parse(fields.get('appHosts') ?? '[]') ?? []) as string[];
  return fields.get('app-host') ?? inJson[0];
}
