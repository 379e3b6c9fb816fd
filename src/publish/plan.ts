import { diffArrays } from 'diff/lib/diff/array.js';
import { isDeepStrictEqual } from 'node:util';

import { EXIT, ExpectedError } from '../errors.ts';
import { EXAMPLE } from '../project/service-files.ts';
import { linesOf } from '../text.ts';
import { isLocal } from '../tsuru/manifest.ts';
import type { Registered } from './registered.ts';
import { grantsTheSame, operationText, word, type GrantedOperation, type Permissions, type Registration } from './registration.ts';

/** A difference between what Tsuru has and what it is to have, as texts. */
export interface Difference {
  /** Such as `endpoint`. */
  what: string;
  /** Undefined if it is new. */
  before: string | undefined;
  /** Undefined if it goes away. */
  after: string | undefined;
}

/** Lines of the documentation, each with `+` or `-` before it. */
type LineChanges = string[];

/** What is to be sent to Tsuru, and why. */
export interface PublishPlan {
  kind: 'create' | 'update';
  /** What differs in the service itself. It is sent in any case, for its password, which Tsuru does not show. */
  service: Difference[];
  /** What of the service cannot be read, such as `team`, and the text that is sent for it: none for what an update does not change. */
  unread: { what: string; after?: string }[];
  /** Undefined if it is not sent; `unread` if it cannot be compared. */
  doc: LineChanges | 'unread' | undefined;
  /** The same for the permissions; `unsupported` by this Tsuru, so that they are not sent. */
  permissions: Difference[] | 'unread' | 'unsupported' | undefined;
  /** Whether the service is multi-cluster in Tsuru or not, and is to be the other: an update does not change that. */
  isOtherCluster: boolean;
}

/** What is to be sent so that Tsuru has what it is to have. */
export function planOf({ service, doc, permissions }: Registered, wanted: Registration): PublishPlan {
  return {
    kind: service === undefined ? 'create' : 'update',
    ...serviceChanges(service, wanted),
    doc: docChanges(doc, wanted.doc),
    permissions: wanted.permissions && permissionChanges(permissions, wanted.permissions),
    isOtherCluster: service?.isMultiCluster === !wanted.isMultiCluster,
  };
}

/** Whether Tsuru has something else than it is to have. */
export function isDifferent({ kind, service, doc, permissions, isOtherCluster }: PublishPlan): boolean {
  return kind === 'create' || service.length > 0 || Array.isArray(doc) || Array.isArray(permissions) || isOtherCluster;
}

/**
 * The example in a fresh clone may still have the first, local endpoint.
 * @param address of Tsuru
 * @throws ExpectedError if a Tsuru elsewhere would lose an endpoint to one on this machine; one that cannot be read may be such
 */
export function keepEndpoints({ service }: Registered, { endpoints }: Registration, address: string): void {
  if (service === undefined || isLocal(address)) return;
  for (const [name, url] of Object.entries(endpoints)) {
    const old = service.endpoints === undefined ? 'one that could not be read' : service.endpoints[name];
    if (!isLocal(url) || old === undefined || isLocal(old)) continue;
    throw new ExpectedError(
      EXIT.inTheWay,
      `The endpoint ${url} would replace ${old}, but Tsuru at ${address} cannot reach it.`,
      'Set it in manifest.yaml. CI has manifest.example.yaml instead: run create-tsuru-service regenerate --set endpoint=URL.',
    );
  }
}

/**
 * The example in a fresh clone lacks what was set in manifest.yaml only.
 * @throws ExpectedError if Tsuru would lose an endpoint to it, or call the service with another user name, or if that cannot be read
 */
export function keepFromExample({ service, unread }: PublishPlan, { id, isExample = false }: Registration): void {
  const lost = service.filter(({ what, before, after }) => before !== undefined && (after === undefined || what === 'user name'));
  if (isExample && unread.some(({ what }) => /^(endpoint|user name)/.test(what))) {
    throw new ExpectedError(
      EXIT.inTheWay,
      `There is no manifest.yaml, and this token cannot read the endpoints and the user name that Tsuru has: ${EXAMPLE} may lack some.`,
      `Use a token with the permission service.read.events for all teams that have owned ${id}, or a manifest.yaml.`,
    );
  }
  if (!isExample || lost.length === 0) return;
  const texts = lost.map(({ what, before, after }) => `${what} ${String(before)}${after === undefined ? '' : ` (it has ${after})`}`);
  throw new ExpectedError(
    EXIT.inTheWay,
    `There is no manifest.yaml, and ${EXAMPLE} lacks what Tsuru has: ${texts.join(', ')}.`,
    `Add it to ${EXAMPLE}: create-tsuru-service regenerate keeps it. If the change is meant, publish it once with a manifest.yaml.`,
  );
}

function serviceChanges(service: Registered['service'], wanted: Registration): Pick<PublishPlan, 'service' | 'unread'> {
  const { id, username, team, encoding, isMultiCluster, endpoints } = wanted;
  const changes: Difference[] = [];
  const unread: PublishPlan['unread'] = [];
  const change = (what: string, before: string | undefined, after: string | undefined) => {
    const [old, fresh] = [before, after].map((text) => (text === undefined ? text : word(text)));
    changes.push({ what, before: old, after: fresh });
  };
  const compare = (what: string, before: string | undefined, after: string) => {
    if (service !== undefined && before === undefined) unread.push({ what, after: word(after) });
    else if (before !== after) change(what, before, after);
  };
  const [before, after] = [service === undefined ? {} : service.endpoints, endpoints].map((given) => given && new Map(Object.entries(given)));
  for (const name of new Set([...(before ?? []), ...(after ?? [])].map(([one]) => one))) {
    const [old, fresh] = [before?.get(name), after?.get(name)];
    const what = name === 'production' ? 'endpoint' : `endpoint of ${word(name)}`;
    if (before === undefined) unread.push({ what, after: word(fresh ?? '') });
    else if (old !== fresh) change(what, old, fresh);
  }
  compare('user name', service?.username, username || id);
  if (team !== '') compare('team', service?.team, team);
  compare('encoding', service?.encoding, encoding);
  if (service === undefined) compare('multi-cluster', undefined, String(isMultiCluster));
  else if (service.isMultiCluster === undefined) unread.push({ what: 'multi-cluster' });
  return { service: changes, unread };
}

/** Edits beyond which two texts count as entirely different. */
const MOST_EDITS = 4000;

function docChanges(before: string | undefined, after: string | undefined): PublishPlan['doc'] {
  if (after === undefined || before === after) return undefined;
  if (before === undefined) return 'unread';
  const [old, fresh] = [linesOf(before), linesOf(after)];
  const parts = diffArrays(old, fresh, { maxEditLength: MOST_EDITS }) ?? [{ value: old, removed: true }, { value: fresh, added: true }];
  return parts.flatMap(({ value, added = false, removed = false }) => (added || removed ? value.map((line) => `${added ? '+' : '-'} ${line}`) : []));
}

function permissionChanges(before: Registered['permissions'], after: Permissions): PublishPlan['permissions'] {
  if (before === undefined) return 'unread';
  if (before === 'unsupported') return before;
  if (grantsTheSame(before, after)) return undefined;
  const switches = (['enabled', 'strict_actions', 'legacy_compat'] as const).filter((name) => before[name] !== after[name]);
  return [
    ...switches.map((what) => ({ what, before: String(before[what]), after: String(after[what]) })),
    ...operationsOnlyIn(before, after).map((operation) => ({ what: 'operation', before: operation, after: undefined })),
    ...operationsOnlyIn(after, before).map((operation) => ({ what: 'operation', before: undefined, after: operation })),
  ];
}

function operationsOnlyIn({ operations }: Permissions, other: Permissions): string[] {
  const others = [...other.operations];
  const isOnlyHere = (one: GrantedOperation) => {
    const at = others.findIndex((another) => isDeepStrictEqual(one, another));
    if (at >= 0) others.splice(at, 1);
    return at < 0;
  };
  return operations.filter(isOnlyHere).map(operationText);
}
