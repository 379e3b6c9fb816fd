import type { Node, Scalar, YAMLSeq } from 'yaml';

/** An item of a list of the record. */
export type Item = Readonly<Record<string, string>>;

/** A piece of the text, from one offset up to another, that becomes another text. */
export interface Edit {
  from: number;
  to: number;
  text: string;
}

/** What a list of a record becomes. */
export interface ListChange {
  /** The text of the whole record. */
  text: string;
  eol: string;
  list: YAMLSeq;
  /** Where the value may begin: behind the colon, and behind an anchor. */
  valueFrom: number;
  /** For each wanted item: the old one of that name, if there is one, and the new text of a new one. */
  wanted: readonly {
    index: number | undefined;
    item: Item;
    /** What changes in its text; undefined when it is written anew. */
    edits: readonly Edit[] | undefined;
  }[];
}

/**
 * A list with one item a line or more. Each keeps its text and the comments right above it; comments that stand apart, and
 * blank lines, stay as well.
 * @returns undefined where the text is laid out in a way that this does not know
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
  /** What stands apart above items that go; in a row of them only the comments. */
  const pass = (upTo: number) => {
    for (; next < upTo; next++) if (next > 0) out += isBlank(spans[next]?.apart) ? '' : (spans[next]?.apart ?? '');
  };
  for (const { index, item, edits } of wanted) {
    const span = index === undefined ? undefined : spans[index];
    if (span === undefined || index === undefined) {
      out += (isSpaced && out !== '' ? eol : '') + blockItem(item, indent, dash, eol) + eol;
      continue;
    }
    // What stood above one that moves up has its place already.
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
 * A list in brackets. What stands between two items goes with the second; comments there always stay.
 * @returns undefined where the text is laid out in a way that this does not know
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

/** An item as the generator writes it. */
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

/** A scalar for YAML: plain where that is certain and nothing else is asked for, otherwise in quotes. */
export function scalar(value: unknown, quote?: '"' | "'"): string {
  if (typeof value !== 'string') return String(value);
  if (quote === "'" && !/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\ufeff]/u.test(value)) return `'${value.replaceAll("'", "''")}'`;
  const isPlain = /^[A-Za-z][\w-]*$/.test(value) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(value);
  return isPlain && quote === undefined ? value : JSON.stringify(value);
}

/** A part of a text, with those edits that are inside it. */
export function applied(text: string, from: number, to: number, edits: readonly Edit[]): string {
  let [out, at] = ['', from];
  for (const edit of edits.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    out += text.slice(at, edit.from) + edit.text;
    at = edit.to;
  }
  return out + text.slice(at, to);
}

/** Where each item begins: at its dash, or in brackets at its anchor, its tag or itself. */
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

/** Where the line ends that a node ends in; a node's end may be behind that. */
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

/** What stands before an item in brackets, or behind the last: as it is, and without its comma. */
function gapBefore({ text, list }: ListChange, index: number, from: number, to: number): { whole: string; bare: string } {
  const token = list.srcToken;
  const tokens = token !== undefined && 'items' in token ? (token.items[index]?.start ?? []) : [];
  const comma = tokens.find(({ type }) => type === 'comma')?.offset;
  const whole = text.slice(from, to);
  return { whole, bare: comma === undefined ? whole : text.slice(from, comma) + text.slice(comma + 1, to) };
}
