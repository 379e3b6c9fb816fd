import type { Node, Scalar, YAMLSeq } from 'yaml';

/** An item of a list of the record. */
export type Item = Readonly<Record<string, string>>;

/** A replacement of the text between two offsets. */
export interface Edit {
  from: number;
  to: number;
  text: string;
}

/** A list of a record, and the items that it should have. */
export interface ListChange {
  /** The text of the whole record. */
  text: string;
  eol: string;
  list: YAMLSeq;
  /** Where the value may start: after the colon and an anchor. */
  valueFrom: number;
  /** The wanted items, each with the index of the existing item of that name, if there is one. */
  wanted: readonly {
    index: number | undefined;
    item: Item;
    /** The edits in its text; undefined when the item is rewritten. */
    edits: readonly Edit[] | undefined;
  }[];
}

/**
 * Edits a list in block style. Each item keeps its text and the comments directly above it; separate comments and blank
 * lines stay, too.
 * @returns undefined for a layout that is not supported
 */
export function editBlockList({ text, eol, list, valueFrom, wanted }: ListChange): Edit[] | undefined {
  const starts = startsOf(list, 'seq-item-ind');
  if (starts === undefined) return undefined;
  const [first = 0] = starts;
  const indent = ' '.repeat(first - lineStart(text, first));
  const dash = text.slice(first, starts.length === 0 ? first : rangeOf(list, 0)[0]);
  const spans = starts.map((start, index) => {
    const from = lineStart(text, start);
    const to = lineEnd(text, rangeOf(list, index)[1]);
    const before = index === 0 ? nextLine(text, valueFrom) : nextLine(text, rangeOf(list, index - 1)[1]);
    const lines = linesIn(text.slice(before, from));
    let own = lines.length;
    while (own > 0 && lines[own - 1]?.startsWith(`${indent}#`)) own--;
    return { from, to, apart: lines.slice(0, own).join(''), comments: lines.slice(own).join('') };
  });
  const isSpaced = spans.length > 1 && spans.slice(1).every(({ apart }) => apart.trim() === '' && apart !== '');
  const [head] = spans;
  const last = spans.at(-1);
  if (head === undefined || last === undefined) return undefined;

  let [out, next] = ['', 0];
  /** Keeps the separate comments above removed items. */
  const pass = (upTo: number) => {
    for (; next < upTo; next++) if (next > 0) out += isBlank(spans[next]?.apart) ? '' : (spans[next]?.apart ?? '');
  };
  for (const { index, item, edits } of wanted) {
    const span = index === undefined ? undefined : spans[index];
    if (span === undefined || index === undefined) {
      out += (isSpaced && out !== '' ? eol : '') + blockItem(item, indent, dash, eol) + eol;
      continue;
    }
    // The comments above an item that moves up are already written.
    const isMoved = index < next || index === 0;
    pass(index);
    const apart = isMoved ? (isSpaced && out !== '' ? eol : '') : out === '' && isBlank(span.apart) ? '' : span.apart;
    const body =
      edits === undefined ? blockItem(item, indent, dash, eol) : applied(text, span.from, span.to, edits);
    out += apart + span.comments + body + eol;
    next = Math.max(next, index + 1);
  }
  pass(spans.length);
  const from = head.from - head.comments.length;
  if (wanted.length > 0) return [{ from, to: last.to, text: withoutEnd(out) }];
  return [
    { from: valueFrom, to: valueFrom, text: ' []' },
    { from: withoutEnd(text.slice(0, from)).length, to: last.to, text: out === '' ? '' : eol + withoutEnd(out) },
  ];
}

/**
 * Edits a list in brackets. The text between two items belongs to the second one; comments there always stay.
 * @returns undefined for a layout that is not supported
 */
export function editFlowList(change: ListChange): Edit[] | undefined {
  const { text, list, wanted } = change;
  const starts = startsOf(list, 'flow');
  if (starts === undefined) return undefined;
  const [from, to] = rangeOf(list);
  const ends = starts.map((_, index) => rangeOf(list, index)[1]);
  const open = text.slice(from, starts[0]);
  const close = gapBefore(change, starts.length, ends.at(-1) ?? from, to);
  const gaps = starts.map((start, index) => gapBefore(change, index, ends[index - 1] ?? start, start));
  const isJson = (list.items[0] as { items?: { key?: Scalar }[] }).items?.[0]?.key?.type === 'QUOTE_DOUBLE';
  const isPadded = text.startsWith('{ ', rangeOf(list, 0)[0]);
  const [usual = ', '] = [...gaps.slice(1).map(({ whole }) => whole), `,${open.slice(1) || ' '}`].filter(
    (gap) => !gap.includes('#'),
  );

  let [out, next, comments] = ['', 0, ''];
  const pass = (upTo: number) => {
    for (; next < upTo; next++) if (gaps[next]?.bare.includes('#')) comments += gaps[next]?.bare ?? '';
  };
  for (const { index, item, edits } of wanted) {
    if (index === undefined) {
      out += (out === '' ? '' : usual) + flowItem(item, isJson, isPadded);
      continue;
    }
    const gap = (index < next ? undefined : gaps[index]) ?? { whole: '', bare: '' };
    pass(index);
    const own = out === '' ? (gap.bare.includes('#') ? gap.bare : '') : gap.whole || usual;
    const body =
      edits === undefined
        ? flowItem(item, isJson, isPadded)
        : applied(text, starts[index] ?? from, ends[index] ?? to, edits);
    out += comments + own + body;
    [next, comments] = [Math.max(next, index + 1), ''];
  }
  pass(starts.length);
  if (out !== '') return [{ from, to, text: open + out + comments + close.whole }];
  const rest = open + comments + close.bare;
  return [{ from, to, text: rest.includes('#') ? rest : '[]' }];
}

/** An item in block style, as in a new record. */
export function blockItem(item: Item, indent: string, dash: string, eol: string): string {
  const start = /^- +$/.test(dash) ? dash : '- ';
  return Object.entries(item)
    .map(([field, value], index) => `${indent}${index === 0 ? start : ' '.repeat(start.length)}${field}: ${scalar(value)}`)
    .join(eol);
}

function flowItem(item: Item, isJson: boolean, isPadded: boolean): string {
  const pad = isPadded ? ' ' : '';
  const fields = Object.entries(item).map(([field, value]) =>
    isJson ? `${JSON.stringify(field)}: ${JSON.stringify(value)}` : `${field}: ${scalar(value)}`,
  );
  return `{${pad}${fields.join(', ')}${pad}}`;
}

/** A YAML scalar: plain if that is certainly safe and no quotes are asked for, otherwise quoted. */
export function scalar(value: unknown, quote?: '"' | "'"): string {
  if (typeof value !== 'string') return String(value);
  if (quote === "'" && !/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\ufeff]/u.test(value)) return `'${value.replaceAll("'", "''")}'`;
  const isPlain = /^[A-Za-z][\w-]*$/.test(value) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(value);
  return isPlain && quote === undefined ? value : JSON.stringify(value);
}

/** A part of a text with the edits inside it applied. */
export function applied(text: string, from: number, to: number, edits: readonly Edit[]): string {
  let [out, at] = ['', from];
  for (const edit of edits.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    out += text.slice(at, edit.from) + edit.text;
    at = edit.to;
  }
  return out + text.slice(at, to);
}

/** Where each item starts: at its dash, or in brackets at its anchor, its tag or the item itself. */
function startsOf(list: YAMLSeq, kind: 'seq-item-ind' | 'flow'): number[] | undefined {
  const token = list.srcToken;
  if (token === undefined || !('items' in token)) return undefined;
  const starts: number[] = [];
  for (const [index] of list.items.entries()) {
    const before = token.items[index]?.start ?? [];
    const [from] = rangeOf(list, index);
    const mark = before.find(({ type }) => (kind === 'flow' ? type === 'anchor' || type === 'tag' : type === kind));
    if (mark === undefined && kind !== 'flow') return undefined;
    starts.push(mark?.offset ?? from);
  }
  return starts;
}

function rangeOf(list: YAMLSeq, index?: number): [from: number, to: number] {
  const node = (index === undefined ? list : list.items[index]) as Node;
  const [from = 0, to = 0] = node.range ?? [];
  return [from, to];
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

/** The end of the line that a node ends on, before the line ending. A node's range may include the line ending. */
export function lineEnd(text: string, at: number): number {
  const found = text.indexOf('\n', text[at - 1] === '\n' ? at - 1 : at);
  if (found === -1) return text.length;
  return text[found - 1] === '\r' ? found - 1 : found;
}

function nextLine(text: string, at: number): number {
  const end = text.indexOf('\n', lineEnd(text, at));
  return end === -1 ? text.length : end + 1;
}

function linesIn(text: string): string[] {
  return text.match(/[^\n]*\n/g) ?? [];
}

function withoutEnd(text: string): string {
  return text.endsWith('\r\n') ? text.slice(0, -2) : text.endsWith('\n') ? text.slice(0, -1) : text;
}

function isBlank(text = ''): boolean {
  return text.trim() === '';
}

/** The text before an item in brackets, or after the last one: as it is, and without its comma. */
function gapBefore({ text, list }: ListChange, index: number, from: number, to: number): { whole: string; bare: string } {
  const token = list.srcToken;
  const tokens = token !== undefined && 'items' in token ? (token.items[index]?.start ?? []) : [];
  const comma = tokens.find(({ type }) => type === 'comma')?.offset;
  const whole = text.slice(from, to);
  return { whole, bare: comma === undefined ? whole : text.slice(from, comma) + text.slice(comma + 1, to) };
}
