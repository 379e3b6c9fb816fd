import type { Probe } from './probe.ts';

/** What happens when a rule is broken. `must`: Tsuru breaks, or data is lost. `should`: users are misled. `may`: a nicety. */
export type Level = 'must' | 'should' | 'may';

/** The part of Tsuru's contract that a rule comes from. */
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

/** One rule of the contract, and how it is tried. */
export interface Check {
  /** Stable, such as `bind-app.repeat`; what stands before the dot is its group. */
  id: string;
  level: Level;
  /** The rule, in one sentence. */
  rule: string;
  part: Part;
  /** How to put it right, in one sentence. */
  fix: string;
  /** Whether it is tried in each encoding; otherwise once. */
  perEncoding?: true;
  /** Whether it is for multi-cluster services only. */
  multiCluster?: true;
  /**
   * Tries it, with instances of its own. Ends without a word when the rule holds.
   * @throws Verdict
   */
  run(probe: Probe): Promise<void>;
}

/** The group of a check. */
export function groupOf({ id }: Check): string {
  return id.slice(0, id.indexOf('.'));
}

/** Things by their group, in their order. */
export function byGroup<Item extends { group: string }>(items: readonly Item[]): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(item.group, [...(groups.get(item.group) ?? []), item]);
  return groups;
}
