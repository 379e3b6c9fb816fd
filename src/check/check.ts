import { groupIn } from './names.ts';
import type { Probe } from './probe.ts';

/** The effect of a broken rule. `must`: Tsuru fails, or data is lost. `should`: users are misled. `may`: a detail. */
export type Level = 'must' | 'should' | 'may';

/** The part of Tsuru's contract that is the source of a rule. */
export type Part =
  | 'Every request'
  | 'The calls'
  | 'Form encoding of parameters'
  | 'Names'
  | 'Replies: create'
  | 'Replies: update'
  | 'Replies: destroy'
  | 'Replies: bind'
  | 'Replies: unbind'
  | 'Replies: status, info and plans'
  | 'Redirects'
  | 'The proxy';

/** One rule of the contract, and how to test it. */
export interface Check {
  /** Stable, such as `bind-app.repeat`: the group, a dot, and a name. */
  id: string;
  level: Level;
  /** One sentence. */
  rule: string;
  part: Part;
  /** How to fix a service that breaks the rule, in one sentence. */
  fix: string;
  /** Runs in each encoding rather than once. */
  perEncoding?: true;
  /** Runs for multi-cluster services only. */
  multiCluster?: true;
  /**
   * Tests the rule. Returns if it holds.
   * @throws Verdict if it does not, or cannot be tested
   */
  run(probe: Probe): Promise<void>;
}

/** The group of a check. */
export function groupOf({ id }: Pick<Check, 'id'>): string {
  return groupIn(id);
}

/** Items by group, in their order. */
export function byGroup<Item extends { group: string }>(items: readonly Item[]): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(item.group, [...(groups.get(item.group) ?? []), item]);
  return groups;
}
