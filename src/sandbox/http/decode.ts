import { goNumber } from '../../tsuru/encoding.ts';
import { goSyntaxError } from '../../tsuru/go-json.ts';
import type { Json } from '../state/records.ts';
import { ApiError } from './answer.ts';
import { quoted } from './go-text.ts';
import { FORM, formOf, JSON_TYPE } from './input.ts';
import type { ApiRequest } from './request.ts';
import { isBool, isTrue, queryError, type FieldValues } from './values.ts';

/** The Go types that Tsuru decodes bodies into, in Go's words; a struct in brackets is a list of such. */
export type Shape = keyof Plain | Struct | readonly [Struct];

interface Plain {
  string: string;
  bool: boolean;
  int: number;
  '[]string': string[] | null;
  'map[string]string': Record<string, string> | null;
  'map[string]interface {}': Record<string, Json> | null;
}

/** The type of each field by its name in JSON; in forms the names have no `_`. */
type Fields = Record<string, Shape>;

export interface Struct<Of extends Fields = Fields> {
  /** With its package, as Go's errors name it; `''` for one without a name. */
  name: string;
  fields: Of;
}

/** What is read for a type. */
type Value<Of> = Of extends keyof Plain
  ? Plain[Of]
  : Of extends Struct<infer Members>
    ? { [Name in keyof Members]: Value<Members[Name]> }
    : Of extends readonly [infer Item]
      ? Value<Item>[] | null
      : never;

export function struct<const Of extends Fields>(name: string, fields: Of): Struct<Of> {
  return { name, fields };
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
export function decoded<Of extends Fields>(request: ApiRequest, shape: Struct<Of>, isRead = false): Value<Struct<Of>> {
  if (request.contentType === JSON_TYPE) return fromBody(request.body, shape) as Value<Struct<Of>>;
  const form = formOf(request);
  const isForm = request.contentType === FORM && !isRead;
  const wrong = isForm ? (queryError(request.body.toString()) ?? queryError(request.rawQuery)) : undefined;
  if (wrong !== undefined) throw new ApiError(400, `unable to parse form: ${wrong}`);
  try {
    return fromForm(treeOf(form), shape) as Value<Struct<Of>>;
  } catch (error) {
    throw new ApiError(400, `unable to decode form: ${printedForm(form)} - ${(error as Error).message}`);
  }
}

function fromBody(body: Buffer, shape: Struct): unknown {
  if (body.length === 0) return zeroOf(shape);
  const problems: string[] = [];
  const syntax = goSyntaxError(body);
  const value = syntax === undefined ? fromJson(JSON.parse(body.toString()) as Json, shape, 'value', problems) : undefined;
  const problem = syntax ?? problems[0];
  if (problem !== undefined) throw new ApiError(400, `unable to parse as json: ${quoted(body.toString())} - ${problem}`);
  return value;
}

/** Go goes on after a value of the wrong type, and reports the first one. @param place in Go's words */
function fromJson(value: Json, shape: Shape, place: string, problems: string[]): unknown {
  if (value === null) return zeroOf(shape);
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  const item = itemOf(shape);
  if (shape === kind || (shape === 'int' && Number.isSafeInteger(value))) return value;
  if (isList(shape) && Array.isArray(value)) return value.map((one) => fromJson(one, item, place, problems));
  if (typeof value === 'object' && !Array.isArray(value)) {
    const members = Object.entries(value);
    if (shape === 'map[string]interface {}') return value;
    if (shape === 'map[string]string') return Object.fromEntries(members.map(([key, one]) => [key, fromJson(one, item, place, problems)]));
    if (isStruct(shape)) {
      return structOf(shape, members, '_', (one, of, name) => {
        // The innermost struct, and the fields from the outermost one.
        const path = [...place.split('.').slice(1), name].join('.');
        return fromJson(one, of, `struct field ${shape.name.replace(/^.*\./, '')}.${path}`, problems);
      });
    }
  }
  const found = shape === 'int' && typeof value === 'number' ? `number ${goNumber(value)}` : kind;
  problems.push(`json: cannot unmarshal ${found} into Go ${place} of type ${nameOf(shape)}`);
  return zeroOf(shape);
}

/** @throws Error with the words of the decoder */
function fromForm(node: Node, shape: Shape): unknown {
  const own = textOf(node);
  if (own === '' && (typeof node === 'string' || node.has(''))) return zeroOf(shape);
  if (shape === 'string') return own;
  if (shape === 'bool') {
    if (!isBool(own)) throw new Error(`could not parse bool from ${quoted(own)}`);
    return isTrue(own);
  }
  if (shape === 'int') {
    if (!/^[-+]?\d+$/.test(own)) throw new Error(`could not parse int from ${quoted(own)}`);
    return Number(own);
  }
  const members: [string, Node][] = typeof node === 'string' ? [['', node]] : [...node];
  if (isList(shape)) return listOf(members, itemOf(shape));
  if (!isStruct(shape)) return Object.fromEntries(members.map(([key, one]) => [key, shape === 'map[string]string' ? textOf(one) : valueOf(one)]));
  return structOf(shape, members, '', fromForm);
}

/** A value of any type. */
function valueOf(node: Node): Json {
  return typeof node === 'string' ? node : Object.fromEntries([...node].map(([key, one]) => [key, valueOf(one)]));
}

function listOf(members: readonly (readonly [string, Node])[], item: Shape): unknown[] {
  const list: unknown[] = [];
  for (const [key, one] of members) {
    const index = key === '_' ? list.length : Number(key);
    // Lists that are longer would only fill the memory.
    if (!/^(_|\d{1,4})$/.test(key)) throw new Error(`${key} is not a valid index for type []${nameOf(item)}`);
    while (list.length <= index) list.push(zeroOf(item));
    list[index] = fromForm(one, item);
  }
  return list;
}

function isStruct(shape: Shape): shape is Struct {
  return typeof shape === 'object' && 'fields' in shape;
}

function isList(shape: Shape): boolean {
  return shape === '[]string' || Array.isArray(shape);
}

/** The type of the items of a list or a map. */
function itemOf(shape: Shape): Shape {
  return Array.isArray(shape) ? (shape[0] as Struct) : 'string';
}

/** @param underscore stands for `_` in the names of fields @param read gets a member with the type and the name of its field */
function structOf<Member>(
  shape: Struct,
  members: readonly (readonly [string, Member])[],
  underscore: string,
  read: (member: Member, of: Shape, name: string) => unknown,
): unknown {
  const values = zeroOf(shape) as Record<string, unknown>;
  for (const [key, member] of members) {
    const found = Object.entries(shape.fields).find(([name]) => name.replaceAll('_', underscore).toLowerCase() === key.toLowerCase());
    if (found !== undefined) values[found[0]] = read(member, found[1], found[0]);
  }
  return values;
}

function zeroOf(shape: Shape): unknown {
  if (isStruct(shape)) return Object.fromEntries(Object.entries(shape.fields).map(([name, of]) => [name, zeroOf(of)]));
  return { string: '', bool: false, int: 0 }[shape as string] ?? null;
}

function nameOf(shape: Shape): string {
  if (typeof shape === 'string') return shape;
  if (!isStruct(shape)) return `[]${nameOf(shape[0])}`;
  return shape.name || `struct { ${Object.entries(shape.fields).map(([name, of]) => `${name} ${nameOf(of)}`).join('; ')} }`;
}

function textOf(node: Node): string {
  if (typeof node === 'string') return node;
  const own = node.get('');
  return typeof own === 'string' ? own : '';
}

/** Of several values of a name the last one counts, unless the name ends with `._`: they are a list then. */
function treeOf(form: FieldValues): Node {
  const root = new Map<string, Node>();
  for (const [name, values] of form) {
    const path = name.split(/(?<!\\)\./).map((part) => part.replace(/\\([\\.])/g, '$1'));
    const last = path.pop() ?? '';
    const isWhole = path.length > 0 && last === '_';
    const items = isWhole ? values.map((value, index) => [String(index), value] as const) : [[last, values.at(-1) ?? ''] as const];
    let target = root;
    for (const part of path) {
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
function printedForm(form: FieldValues): string {
  const members = [...form].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, values]) => `${quoted(name)}:[]string{${values.map(quoted).join(', ')}}`);
  return `url.Values{${members.join(', ')}}`;
}
