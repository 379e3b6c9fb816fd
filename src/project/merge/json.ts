import { styleOf, withoutBom } from '../../text.ts';


export type JsonMerge =
  | { kind: 'clean'; text: string }
  | { kind: 'conflict'; paths: string[] }
  | { kind: 'unreadable'; which: 'mine' | 'base' | 'theirs' };

/** A value with its source text, and a form of it that does not depend on the layout or the order of keys. */
type Value = { raw: string; meaning: string; members?: Member[] };

/** A member of an object: the space before its key, the key as written, the colon, the value, and the space after. */
type Member = { key: string; before: string; name: string; colon: string; value: Value; after: string };

/** The layout of the document that a value is inserted into, and the indent of the one that it comes from. */
type Layout = { eol: string; indent: string; theirIndent: string; oneLine: boolean };

/** Objects further down are merged as whole values. */
const MAX_DEPTH = 100;

const SPACE = /\s*/y;
const COLON = /\s*:\s*/y;
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
const TOKEN = /\s*(?:"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}:,]|[^\s"[\]{}:,]+)/y;

const DEPENDENCIES = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'];

/**
 * Merges two versions of a JSON document key by key; arrays and scalars count as whole values. The text of `mine` is
 * kept outside the members that change. Where both sides changed the version of a dependency, a higher one in `mine`
 * stays. A text that is not JSON, or that has a key twice in an object, is unreadable.
 */
export function mergeJson(base: string, mine: string, theirs: string): JsonMerge {
  const [m, b, t] = [parse(mine), parse(base), parse(theirs)];
  if (!m) return { kind: 'unreadable', which: 'mine' };
  if (!b) return { kind: 'unreadable', which: 'base' };
  if (!t) return { kind: 'unreadable', which: 'theirs' };
  if (mine === base) return { kind: 'clean', text: theirs };
  const layout = {
    eol: styleOf(mine).eol,
    indent: indentOf(mine),
    theirIndent: indentOf(theirs),
    oneLine: !mine.trim().includes('\n'),
  };
  const paths: string[] = [];
  const merged = mergeValues(b.value, m.value, t.value, [], layout, paths);
  if (paths.length > 0) return { kind: 'conflict', paths };
  return { kind: 'clean', text: m.head + (merged?.raw ?? '') + m.tail };
}

/** The merged value, or undefined where there is none; the paths of conflicts go to `paths`. */
function mergeValues(
  base: Value | undefined,
  mine: Value | undefined,
  theirs: Value | undefined,
  path: string[],
  layout: Layout,
  paths: string[],
): Value | undefined {
  if (base?.meaning === theirs?.meaning || mine?.meaning === theirs?.meaning) return mine;
  if (mine?.members && theirs?.members && (!base || base.members)) {
    return mergeObjects(base?.members ?? [], mine.members, theirs.members, path, layout, paths) ?? mine;
  }
  if (base?.meaning === mine?.meaning) return theirs && { ...theirs, raw: fit(theirs.raw, layout) };
  const raised = path.length === 2 && DEPENDENCIES.includes(path[0] ?? '') && isHigher(mine, theirs);
  if (!raised) paths.push(show(path));
  return mine;
}

/** The merged object, or undefined if it is as in `mine`. */
function mergeObjects(
  base: Member[],
  mine: Member[],
  theirs: Member[],
  path: string[],
  layout: Layout,
  paths: string[],
): Value | undefined {
  const [inBase, inMine, inTheirs] = [byKey(base), byKey(mine), byKey(theirs)];
  const merge = (key: string) =>
    mergeValues(inBase.get(key), inMine.get(key), inTheirs.get(key), [...path, key], layout, paths);
  let changed = false;
  const members: Member[] = [];
  for (const member of mine) {
    const value = merge(member.key);
    changed ||= value !== member.value;
    if (value) members.push({ ...member, value });
  }

  const margin = layout.oneLine ? '' : layout.eol + layout.indent.repeat(path.length);
  const [first, second] = mine;
  const space = first?.before ?? (layout.oneLine ? '' : margin + layout.indent);
  const spaceBetween = space.includes('\n') ? space.replace(/^\s*\n/, layout.eol) : (second?.before ?? space);
  const sorted = isSorted(mine, path);
  for (const [index, { key, name, colon }] of theirs.entries()) {
    const value = inMine.has(key) ? undefined : merge(key);
    if (!value) continue;
    changed = true;
    const place = sorted
      ? members.findIndex((member) => compare(member.key, key) > 0)
      : placeAfter(members, theirs.slice(0, index));
    members.splice(place < 0 ? members.length : place, 0, {
      key,
      before: spaceBetween,
      name,
      colon: first?.colon ?? colon,
      value,
      after: '',
    });
  }
  if (!changed) return undefined;

  const close = mine.at(-1)?.after ?? margin;
  const written = members.map((member, index) => {
    const before = index === 0 ? space : member.key === first?.key ? spaceBetween : member.before;
    const after = index === members.length - 1 ? close : member.key === mine.at(-1)?.key ? '' : member.after;
    return before + member.name + member.colon + member.value.raw + after;
  });
  return { raw: `{${written.join(',')}}`, meaning: '' };
}

/** The place in `members` after the last of the `earlier` keys that is there too, or else at the start. */
function placeAfter(members: Member[], earlier: Member[]): number {
  for (const { key } of earlier.reverse()) {
    const place = members.findIndex((member) => member.key === key);
    if (place >= 0) return place + 1;
  }
  return 0;
}

/** Whether the keys are kept in order: those of dependencies, scripts and other objects of strings. */
function isSorted(members: Member[], path: string[]): boolean {
  const listed = DEPENDENCIES.includes(path.at(-1) ?? '');
  if (!listed && (path.length === 0 || members.length < 2)) return false;
  return members.every(
    ({ key, value }, index) =>
      (listed || value.raw.startsWith('"')) && compare(members[index - 1]?.key ?? '', key) <= 0,
  );
}

/** The order in which npm writes dependencies. */
function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en');
}

function isHigher(mine: Value | undefined, theirs: Value | undefined): boolean {
  const [own, other] = [mine, theirs].map((value) => /^"[\^~]?(\d+)\.(\d+)\.(\d+)"$/.exec(value?.raw ?? '')?.slice(1));
  if (!own || !other) return false;
  const at = own.findIndex((part, index) => Number(part) !== Number(other[index]));
  return at >= 0 && Number(own[at]) > Number(other[at]);
}

function byKey(members: Member[]): Map<string, Value> {
  return new Map(members.map(({ key, value }) => [key, value]));
}

/** A path in JavaScript's notation; the whole document is `.`. */
function show(path: string[]): string {
  const text = path.map((key) => (/^[\w$-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`)).join('');
  return text.startsWith('.') ? text.slice(1) : text || '.';
}

/** A value of theirs with the line endings and the indent of mine; a newline in JSON is never part of a string. */
function fit(raw: string, { eol, indent, theirIndent, oneLine }: Layout): string {
  return raw.replace(/[ \t\r]*\n([ \t]*)/g, (_, space: string) =>
    oneLine ? '' : eol + indent.repeat(Math.round(space.length / theirIndent.length)),
  );
}

/** The white space at the start of the first indented line. */
function indentOf(text: string): string {
  return /\n([ \t]+)/.exec(text)?.[1] ?? '  ';
}

/** The value of a JSON text and what is around it, or undefined if it is not JSON or has a key twice. */
function parse(source: string): { head: string; value: Value; tail: string } | undefined {
  const text = withoutBom(source);
  let at = 0;
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? '';
    at += found.length;
    return found;
  };
  const readWhole = (): Value => {
    const start = at;
    let [open, meaning] = [0, ''];
    do {
      const token = take(TOKEN).trimStart();
      if (token === '{' || token === '[') open++;
      if (token === '}' || token === ']') open--;
      meaning += token.startsWith('"') ? JSON.stringify(JSON.parse(token)) : token;
    } while (open > 0);
    return { raw: text.slice(start, at), meaning };
  };
  const readValue = (depth: number): Value => {
    if (text[at] !== '{' || depth === MAX_DEPTH) return readWhole();
    const start = at;
    const members: Member[] = [];
    do {
      at++;
      const before = take(SPACE);
      if (text[at] === '}') break;
      const name = take(STRING);
      const colon = take(COLON);
      const value = readValue(depth + 1);
      members.push({ key: JSON.parse(name) as string, before, name, colon, value, after: take(SPACE) });
    } while (text[at] === ',');
    at++;
    if (byKey(members).size < members.length) throw new SyntaxError('A key is there twice');
    const meanings = members.map(({ key, value }) => `${JSON.stringify(key)}:${value.meaning}`).sort();
    return { raw: text.slice(start, at), meaning: `{${meanings.join(',')}}`, members };
  };
  try {
    JSON.parse(text);
    const space = take(SPACE);
    const value = readValue(0);
    return { head: source.slice(0, source.length - text.length) + space, value, tail: text.slice(at) };
  } catch {
    return undefined;
  }
}
