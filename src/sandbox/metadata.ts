import type { Json, Metadata, MetadataItem } from './records.ts';

/** What a request says about metadata: items to set, and names of those to delete. */
export type MetadataChange = Record<keyof Metadata, (MetadataItem & { isDeleted: boolean })[]>;

/** Reads metadata from JSON, or from the fields of a form, where the keys of lists are numbers. */
export function metadataChange(given: Readonly<Record<string, Json>> | null): MetadataChange {
  const read = (list: Json | undefined) =>
    listOf(list).map((item) => {
      const { name, value, delete: deleted } = lowered(item);
      return { name: textOf(name), value: textOf(value), isDeleted: deleted === true || deleted === 'true' };
    });
  const { labels, annotations } = lowered(given ?? {});
  return { labels: read(labels), annotations: read(annotations) };
}

export function isEmptyChange({ labels, annotations }: MetadataChange): boolean {
  return labels.length + annotations.length === 0;
}

/** @throws Error for a name that Tsuru keeps for itself */
export function requireMetadata({ labels, annotations }: MetadataChange): void {
  const isKept = [...annotations, ...labels].some(({ name, isDeleted }) => !isDeleted && name.startsWith('tsuru.io/'));
  if (isKept) throw new Error('prefix tsuru.io/ is private');
}

/** What metadata is after a change: new values stand at the end. */
export function changedMetadata(old: Metadata, change: MetadataChange): Metadata {
  const changed = (list: readonly MetadataItem[], items: MetadataChange['labels']): MetadataItem[] => [
    ...list.filter(({ name }) => !items.some((item) => item.name === name)),
    ...items.filter(({ isDeleted }) => !isDeleted).map(({ name, value }) => ({ name, value })),
  ];
  return { labels: changed(old.labels, change.labels), annotations: changed(old.annotations, change.annotations) };
}

/** Metadata as Tsuru's API shows it. */
export function metadataView({ labels, annotations }: Metadata) {
  const shown = (list: readonly MetadataItem[]) => list.map(({ name, value }) => ({ name, ...(value !== '' && { value }) }));
  return { labels: shown(labels), annotations: shown(annotations) };
}

/** The objects in a list, or in a form's object that stands for one. */
export function listOf(list: Json | undefined): Record<string, Json>[] {
  if (typeof list !== 'object' || list === null) return [];
  return Object.values(list).filter((item): item is Record<string, Json> => typeof item === 'object' && item !== null && !Array.isArray(item));
}

/** An object with its keys in lower case: Tsuru finds fields whatever their case is. */
export function lowered(given: Readonly<Record<string, Json>>): Record<string, Json> {
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key.toLowerCase(), value]));
}

export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
