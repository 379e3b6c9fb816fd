import { isAlias, isMap, isScalar, isSeq, parseDocument, visit, type Node, type Pair } from 'yaml';

import { BOM, styleOf, withoutBom } from '../text.ts';
import type { Answers } from './answers.ts';
import { recorded } from './endpoints.ts';
import { applied, blockItem, editBlockList, editFlowList, lineEnd, scalar, type Edit, type Item } from './record-list.ts';

/** How every record is parsed: with `<<` merge keys, which are from before YAML 1.2 but still common. */
export const YAML_OPTIONS = { merge: true } as const;

type Key = keyof Answers;
type ListKey = 'plans' | 'endpoints';

/** A part that is kept or rewritten as a whole: the value of a key that is not a list, or an item of a list. */
interface Part {
  key: Key;
  /** The index of an item. */
  index: number | undefined;
  node: Node;
  /** Whether its text changes or is removed. */
  isTouched: boolean;
  /** The anchors inside it, and the aliases, which refer to anchors. */
  anchors: string[];
  aliases: string[];
}

/** The layout of a record's text. */
interface Layout {
  text: string;
  eol: string;
  /** By key: the value, and the end of what precedes it: the colon, an anchor or a tag. */
  pairs: Map<string, { node: Node | null; valueFrom: number }>;
  isFlow: boolean;
  /** Where the last key ends, before the line ending. */
  end: number;
}

/**
 * Changes answers in place in the text of a record; every other byte stays. An alias is expanded when its anchor changes.
 * @returns undefined for a layout that is not supported
 */
export function editText(record: string, before: Answers, after: Answers): string | undefined {
  const { bom, eol } = styleOf(record);
  const layout = layoutOf(withoutBom(record), eol);
  if (layout === undefined) return undefined;
  const parts = touchedParts(layout, before, after);
  const edits: Edit[] = [];
  // Additions at the end come after the changes there.
  const keys = (Object.keys(after) as Key[]).toSorted((a, b) => +!layout.pairs.has(a) - +!layout.pairs.has(b));
  for (const key of keys) {
    const own = parts.filter((part) => part.key === key);
    if (isSame(before[key], after[key]) && !own.some(({ isTouched }) => isTouched)) continue;
    const found = isList(key) ? editList(layout, key, own, before, after) : editScalar(layout, key, after);
    if (found === undefined) return undefined;
    edits.push(...found);
  }
  return (bom ? BOM : '') + applied(layout.text, 0, layout.text.length, edits);
}

/** The same through YAML's document: comments stay, except inside parts with anchors or aliases; the layout may change. */
export function rewriteText(record: string, before: Answers, after: Answers): string {
  const { bom, eol } = styleOf(record);
  const document = parseDocument(withoutBom(record), YAML_OPTIONS);
  for (const key of Object.keys(after) as Key[]) {
    const node = document.get(key, true) as Node | undefined;
    const isLinked = node !== undefined && anchorsIn(node).length + aliasesIn(node).length > 0;
    if (isLinked || !isSame(before[key], after[key])) document.set(key, document.createNode(isList(key) ? itemsOf(after, key) : after[key]));
  }
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: false });
  return (bom ? BOM : '') + (eol === '\n' ? text : text.replaceAll('\n', eol));
}

function layoutOf(text: string, eol: string): Layout | undefined {
  const root = parseDocument(text, { ...YAML_OPTIONS, keepSourceTokens: true }).contents;
  if (!isMap(root)) return undefined;
  const pairs: Layout['pairs'] = new Map();
  for (const { key, value, srcToken } of root.items as Pair<Node, Node | null>[]) {
    const mark = srcToken?.sep?.findLast(({ type }) => ['map-value-ind', 'anchor', 'tag'].includes(type));
    if (!isScalar(key) || mark === undefined) return undefined;
    pairs.set(String(key.value), { node: value, valueFrom: mark.offset + mark.source.length });
  }
  return { text, eol, pairs, isFlow: root.flow ?? false, end: lineEnd(text, root.range[1]) };
}

/** Every part, and whether it is touched: its value changes, or it refers to an anchor in a touched part. */
function touchedParts({ pairs }: Layout, before: Answers, after: Answers): Part[] {
  const parts: Part[] = [];
  const add = (key: Key, index: number | undefined, node: Node, isTouched: boolean) => {
    parts.push({ key, index, node, isTouched, anchors: anchorsIn(node), aliases: aliasesIn(node) });
  };
  for (const [name, { node }] of pairs) {
    const key = name as Key;
    if (isList(key) && isSeq<Node>(node)) {
      const [old, wanted] = [itemsOf(before, key), itemsOf(after, key)];
      for (const [index, item] of node.items.entries()) {
        add(key, index, item, !wanted.some((one) => isSame(one, old[index])));
      }
    } else if (node !== null && Object.hasOwn(after, key)) {
      add(key, undefined, node, !isSame(before[key], after[key]));
    }
  }
  for (;;) {
    const lost = new Set(parts.flatMap(({ isTouched, anchors }) => (isTouched ? anchors : [])));
    const linked = parts.filter(({ isTouched, aliases }) => !isTouched && aliases.some((alias) => lost.has(alias)));
    if (linked.length === 0) return parts;
    for (const part of linked) part.isTouched = true;
  }
}

function editScalar({ text, eol, pairs, isFlow, end }: Layout, key: Key, after: Answers): Edit[] | undefined {
  const pair = pairs.get(key);
  if (pair !== undefined) return [scalarEdit(text, pair.node, pair.valueFrom, after[key])];
  return isFlow ? undefined : [{ from: end, to: end, text: `${eol}${key}: ${scalar(after[key])}` }];
}

/** Replaces a scalar and keeps the style of its quotes. */
function scalarEdit(text: string, node: Node | null, valueFrom: number, value: unknown): Edit {
  const [from, to] = node?.range ?? [valueFrom, valueFrom];
  const style = isScalar(node) ? node.type : undefined;
  const written = scalar(value, style === 'QUOTE_SINGLE' ? "'" : style === 'QUOTE_DOUBLE' ? '"' : undefined);
  // The range of a multi-line text includes its last line ending.
  const end = text[to - 1] === '\n' && to > from ? lineEnd(text, to) : to;
  return { from, to: end, text: from === valueFrom ? ` ${written}` : written };
}

function editList(
  layout: Layout,
  key: ListKey,
  parts: readonly Part[],
  before: Answers,
  after: Answers,
): Edit[] | undefined {
  const { text, eol, pairs, isFlow, end } = layout;
  const [old, items] = [itemsOf(before, key), itemsOf(after, key)];
  const lines = items.map((item) => eol + blockItem(item, '  ', '- ', eol)).join('');
  const pair = pairs.get(key);
  if (pair === undefined) return isFlow ? undefined : [{ from: end, to: end, text: `${eol}${key}:${lines || ' []'}` }];
  const { node, valueFrom } = pair;
  if (isSeq(node) && node.items.length > 0) {
    const wanted = items.map((item) => {
      const part = parts.find(({ index }) => old[index ?? -1]?.['name'] === item['name']);
      return { index: part?.index, item, edits: part && itemEdits(text, part, old, item) };
    });
    return (node.flow ? editFlowList : editBlockList)({ text, eol, list: node, valueFrom, wanted });
  }
  // Empty brackets, or no value.
  const [from, to] = node?.range ?? [valueFrom, valueFrom];
  if (isFlow || text.slice(from, to).includes('#')) return undefined;
  const lineTo = lineEnd(text, to);
  return [
    { from: to > from ? valueFrom : to, to, text: '' },
    { from: lineTo, to: lineTo, text: lines },
  ];
}

/** The edits in the text of an item; undefined when the item must be rewritten. */
function itemEdits(text: string, part: Part, old: readonly Item[], item: Item): Edit[] | undefined {
  const { node, isTouched, aliases } = part;
  const before = old[part.index ?? -1];
  if (before === undefined) return undefined;
  if (!isTouched) return [];
  if (aliases.length > 0 || !isMap(node)) return undefined;
  const edits: Edit[] = [];
  for (const [field, value] of Object.entries(item)) {
    if (before[field] === value) continue;
    const there = node.get(field, true);
    if (!isScalar(there) || typeof there.value !== 'string') return undefined;
    edits.push(scalarEdit(text, there, -1, value));
  }
  return edits;
}

function itemsOf(answers: Answers, key: ListKey): Item[] {
  return key === 'plans' ? answers.plans.map((plan) => ({ ...plan })) : answers.endpoints.map(recorded);
}

function isList(key: Key): key is ListKey {
  return key === 'plans' || key === 'endpoints';
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function anchorsIn(node: Node): string[] {
  const found: string[] = [];
  visit(node, {
    Value: (_, { anchor }) => {
      if (anchor !== undefined) found.push(anchor);
    },
  });
  return found;
}

function aliasesIn(node: Node): string[] {
  if (isAlias(node)) return [node.source];
  const found: string[] = [];
  visit(node, {
    Alias: (_, { source }) => {
      found.push(source);
    },
  });
  return found;
}
