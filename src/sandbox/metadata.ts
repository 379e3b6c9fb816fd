import { BOOL, list, STRING, struct } from './http/shapes.ts';
import type { Metadata, MetadataItem } from './records.ts';

/** What a request says about metadata: items to set, and names of those to delete. */
export type MetadataChange = Record<keyof Metadata, (MetadataItem & { delete: boolean })[] | null>;

const ITEMS = list(struct('app.MetadataItem', { name: STRING, value: STRING, delete: BOOL }));
/** The type that requests have it in. */
export const METADATA = struct('app.Metadata', { labels: ITEMS, annotations: ITEMS });

/** Whether nothing is asked for. */
export function isEmptyChange({ labels, annotations }: MetadataChange): boolean {
  return (labels ?? []).length + (annotations ?? []).length === 0;
}

/** @throws Error for a name that Tsuru keeps for itself */
export function requireMetadata({ labels, annotations }: MetadataChange): void {
  const isKept = [...(annotations ?? []), ...(labels ?? [])].some((item) => !item.delete && item.name.startsWith('tsuru.io/'));
  if (isKept) throw new Error('prefix tsuru.io/ is private');
}

/** What metadata is after a change: new values stand at the end. */
export function changedMetadata(old: Metadata, change: MetadataChange): Metadata {
  const changed = (own: readonly MetadataItem[], items: MetadataChange['labels']): MetadataItem[] => [
    ...own.filter(({ name }) => items?.some((item) => item.name === name) !== true),
    ...(items ?? []).filter((item) => !item.delete).map(({ name, value }) => ({ name, value })),
  ];
  return { labels: changed(old.labels, change.labels), annotations: changed(old.annotations, change.annotations) };
}

/** Metadata as Tsuru's API shows it. */
export function metadataView({ labels, annotations }: Metadata) {
  const shown = (items: readonly MetadataItem[]) => items.map(({ name, value }) => ({ name, ...(value !== '' && { value }) }));
  return { labels: shown(labels), annotations: shown(annotations) };
}
