import { goNumber } from '../../tsuru/encoding.ts';
import { goSyntaxError } from '../../tsuru/go-json.ts';
import type { Json } from '../records.ts';
import { ApiError } from './answer.ts';
import { quoted } from './go-text.ts';
import { FORM, formOf, JSON_TYPE } from './input.ts';
import type { ApiRequest } from './request.ts';
import { isBool, isTrue, queryError, type Values } from './values.ts';

/** The Go types that Tsuru decodes bodies into. */
export type Shape = { kind: 'string' | 'bool' | 'int' | 'time' | 'any' } | { kind: 'list' | 'map' | 'pointer'; of: Shape } | Struct;

export interface Struct {
  kind: 'struct';
  /** With its package, as Go's errors name it; `''` for one without a name. */
  name: string;
  /** The type of each field by its name in JSON, and its name in forms if it is another one. */
  fields: Record<string, { of: Shape; form?: string }>;
}

/** A form whose names were split at their dots. */
type Node = string | Map<string, Node>;

/**
 * Reads what a request asks for, from JSON or from a form, into a Go type (tsuru/api `ParseInput`). Names are found whatever their
 * case is; what is missing has Go's zero value, which is null for lists and maps.
 *
 * @param isRead whether Tsuru has looked at the form before: what is wrong in it is lost then
 * @throws ApiError with 400 and Go's words for what cannot be read
 */
export function decoded(request: ApiRequest, shape: Struct, isRead = false): unknown {
  if (request.contentType === JSON_TYPE) return fromBody(request.body, shape);
  const form = formOf(request);
  const isForm = request.contentType === FORM && !isRead;
  const wrong = isForm ? (queryError(request.body.toString()) ?? queryError(request.rawQuery)) : undefined;
  if (wrong !== undefined) throw new ApiError(400, `unable to parse form: ${wrong}`);
  try {
    return fromForm(treeOf(form), shape);
  } catch (error) {
    throw new ApiError(400, `unable to decode form: ${printedForm(form)} - ${(error as Error).message}`);
  }
}

function fromBody(body: Buffer, shape: Struct): unknown {
  if (body.length === 0) return zeroOf(shape);
  const problems: string[] = [];
  const syntax = goSyntaxError(body);
  const value = syntax === undefined ? fromJson(JSON.parse(body.toString()) as Json, shape, { struct: '', path: [] }, problems) : undefined;
  const problem = syntax ?? problems[0];
  if (problem !== undefined) throw new ApiError(400, `unable to parse as json: ${quoted(body.toString())} - ${problem}`);
  return value;
}

interface Place {
  /** The innermost struct. */
  struct: string;
  /** From the outermost one. */
  path: readonly string[];
}

/** Go goes on after a value of the wrong type, and reports the first one. */
function fromJson(value: Json, shape: Shape, place: Place, problems: string[]): unknown {
  if (value === null) return zeroOf(shape);
  if (shape.kind === 'pointer') return fromJson(value, shape.of, place, problems);
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : (typeof value as 'string' | 'number' | 'object');
  if (shape.kind === 'any' || shape.kind === kind || (shape.kind === 'int' && Number.isSafeInteger(value))) return value;
  if (shape.kind === 'list' && Array.isArray(value)) return value.map((item) => fromJson(item, shape.of, place, problems));
  if (typeof value === 'object' && !Array.isArray(value)) {
    const members = Object.entries(value);
    if (shape.kind === 'map') return Object.fromEntries(members.map(([key, item]) => [key, fromJson(item, shape.of, place, problems)]));
    if (shape.kind === 'struct') {
      const struct = zeroOf(shape) as Record<string, unknown>;
      for (const [key, item] of members) {
        const field = Object.keys(shape.fields).find((name) => name.toLowerCase() === key.toLowerCase());
        const of = field === undefined ? undefined : shape.fields[field]?.of;
        if (field === undefined || of === undefined || item === null) continue;
        const inside = { struct: shape.name.replace(/^.*\./, ''), path: [...place.path, field] };
        struct[field] = fromJson(item, of, inside, problems);
      }
      return struct;
    }
  }
  const into = place.path.length === 0 ? 'value' : `struct field ${place.struct}.${place.path.join('.')}`;
  const found = shape.kind === 'int' && typeof value === 'number' ? `number ${goNumber(value)}` : kind;
  problems.push(`json: cannot unmarshal ${found} into Go ${into} of type ${nameOf(shape)}`);
  return zeroOf(shape);
}

/** @throws Error with the words of the decoder */
function fromForm(node: Node, shape: Shape): unknown {
  if (shape.kind === 'any' && typeof node === 'string') return node;
  if (shape.kind === 'pointer') return fromForm(node, shape.of);
  const own = textOf(node);
  if (own === '' && (typeof node === 'string' || node.has(''))) return zeroOf(shape);
  const members = typeof node === 'string' ? [['', node] as const] : [...node];
  switch (shape.kind) {
    case 'bool':
      if (!isBool(own)) throw new Error(`could not parse bool from ${quoted(own)}`);
      return isTrue(own);
    case 'int':
      if (!/^[-+]?\d+$/.test(own)) throw new Error(`could not parse int from ${quoted(own)}`);
      return Number(own);
    case 'time':
      if (!TIME.test(own) || Number.isNaN(Date.parse(own))) throw new Error(`cannot decode string \`${own}\` as time.Time`);
      return own;
    case 'map':
      return Object.fromEntries(members.map(([key, item]) => [key, fromForm(item, shape.of)]));
    case 'any':
      return Object.fromEntries(members.map(([key, item]) => [key, fromForm(item, shape)]));
    case 'list':
      return listOf(members, shape);
    case 'struct': {
      const struct = zeroOf(shape) as Record<string, unknown>;
      for (const [key, item] of members) {
        if (key === '') throw new Error(`${own} cannot be decoded as ${nameOf(shape)}`);
        const [name, field] = Object.entries(shape.fields).find(([json, { form = json }]) => form.toLowerCase() === key.toLowerCase()) ?? [];
        if (name !== undefined && field !== undefined) struct[name] = fromForm(item, field.of);
      }
      return struct;
    }
    default:
      return own;
  }
}

/** A date, with a time after it or not; Go takes some more forms. */
const TIME = /^\d{4}(?:-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[-+]\d{2}:\d{2})?)?)?)?$/;

/** Lists that are longer would only fill the memory. */
const LONGEST_LIST = 10_000;

function listOf(members: readonly (readonly [string, Node])[], shape: Shape & { of: Shape }): unknown[] {
  const list: unknown[] = [];
  for (const [key, item] of members) {
    if (key !== '_' && !/^[-+]?\d+$/.test(key)) throw new Error(`${key} is not a valid index for type ${nameOf(shape)}`);
    const index = key === '_' ? list.length : Number(key);
    if (index < 0 || index > LONGEST_LIST) throw new Error('reflect: slice index out of range');
    while (list.length <= index) list.push(zeroOf(shape.of));
    list[index] = fromForm(item, shape.of);
  }
  return list;
}

function zeroOf(shape: Shape): unknown {
  if (shape.kind === 'string') return '';
  if (shape.kind === 'bool') return false;
  if (shape.kind === 'int') return 0;
  if (shape.kind === 'time') return '';
  return shape.kind === 'struct' ? Object.fromEntries(Object.entries(shape.fields).map(([name, { of }]) => [name, zeroOf(of)])) : null;
}

function nameOf(shape: Shape): string {
  if (shape.kind === 'list') return `[]${nameOf(shape.of)}`;
  if (shape.kind === 'map') return `map[string]${nameOf(shape.of)}`;
  if (shape.kind === 'pointer') return `*${nameOf(shape.of)}`;
  if (shape.kind === 'any') return 'interface {}';
  if (shape.kind !== 'struct') return shape.kind;
  const fields = Object.entries(shape.fields).map(([name, { of }]) => `${name} ${nameOf(of)}`);
  return shape.name === '' ? `struct { ${fields.join('; ')} }` : shape.name;
}

function textOf(node: Node): string {
  if (typeof node === 'string') return node;
  const own = node.get('');
  return typeof own === 'string' ? own : '';
}

/** Of several values of a name the last one counts, unless the name ends with `._`: they are a list then. */
function treeOf(form: Values): Node {
  const root = new Map<string, Node>();
  for (const [name, values] of form) {
    const path = name.split(/(?<!\\)\./).map((part) => part.replace(/\\([\\.])/g, '$1'));
    const isList = path.length > 1 && path.at(-1) === '_';
    const items = isList ? values.map((value, index) => [String(index), value] as const) : [[path.at(-1) ?? '', values.at(-1) ?? ''] as const];
    let target = root;
    for (const part of path.slice(0, -1)) {
      const next = target.get(part) ?? new Map<string, Node>();
      const below = typeof next === 'string' ? new Map<string, Node>([['', next]]) : next;
      target.set(part, below);
      target = below;
    }
    for (const [key, value] of items) {
      const there = target.get(key);
      if (there instanceof Map) there.set('', value);
      else target.set(key, value);
    }
  }
  return root;
}

/** A form as Go prints it (`%#v`). */
function printedForm(form: Values): string {
  const members = [...form].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, values]) => `${quoted(name)}:[]string{${values.map(quoted).join(', ')}}`);
  return `url.Values{${members.join(', ')}}`;
}
