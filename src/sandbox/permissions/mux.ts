import { quoted } from '../http/go-text.ts';
import { cleanPath, parsePattern, unescapedPath, type Pattern, type Segment } from './mux-pattern.ts';

/** How what one pattern matches relates to what another one matches. */
type Relation = 'same' | 'wider' | 'narrower' | 'apart' | 'crossing';

/** Finds the pattern for a request as Go's `http.ServeMux` does: the narrowest one that matches. */
export interface Mux {
  /**
   * @throws Error with Go's words for a pattern that is none, or that conflicts with an earlier one: both match a request, and
   *   neither is narrower
   */
  add: (text: string) => void;
  /** @param path escaped, without a query; one that only lacks a slash at its end is matched too, as Go would redirect it */
  find: (method: string, path: string) => string | undefined;
}

/** @param place of the registrations in the source, which Go's words for a conflict name */
export function makeMux(place: string): Mux {
  const patterns: Pattern[] = [];
  return {
    add(text) {
      const pattern = parsePattern(text);
      for (const other of patterns) {
        const relation = relationOf(pattern, other);
        if (relation !== 'same' && relation !== 'crossing') continue;
        throw new Error(
          `pattern ${quoted(text)} (registered at ${place}) conflicts with pattern ${quoted(other.text)} (registered at ${place}):\n` +
            describeConflict(pattern, other),
        );
      }
      patterns.push(pattern);
    },
    find(method, path) {
      const own = patterns.filter((pattern) => pattern.method === method || (method === 'HEAD' && pattern.method === 'GET'));
      const clean = cleanPath(path);
      const found = narrowest(own, clean);
      if ((found !== undefined && isExact(found, clean)) || clean.endsWith('/')) return found?.text;
      const below = narrowest(own, `${clean}/`);
      return (below !== undefined && isExact(below, `${clean}/`) ? below : found)?.text;
    },
  };
}

function relationOf(one: Pattern, other: Pattern): Relation {
  const methods = relationOfMethods(one.method, other.method);
  return methods === 'apart' ? methods : combined(methods, relationOfPaths(one, other));
}

/** `GET` matches HEAD too. */
function relationOfMethods(one: string, other: string): Relation {
  if (one === other) return 'same';
  if (one === 'GET' && other === 'HEAD') return 'wider';
  return one === 'HEAD' && other === 'GET' ? 'narrower' : 'apart';
}

function relationOfPaths(one: Pattern, other: Pattern): Relation {
  const [length, otherLength] = [one.segments.length, other.segments.length];
  const common = Math.min(length, otherLength);
  let relation: Relation = 'same';
  for (let position = 0; position < common; position++) {
    relation = combined(relation, relationOfSegments(one.segments[position], other.segments[position]));
  }
  if (length === otherLength || relation === 'apart') return relation;
  if (length < otherLength) return lastOf(one).kind === 'rest' ? combined(relation, 'wider') : 'apart';
  return lastOf(other).kind === 'rest' ? combined(relation, 'narrower') : 'apart';
}

function relationOfSegments(one: Segment | undefined, other: Segment | undefined): Relation {
  if (one === undefined || other === undefined) return 'apart';
  if (one.kind === other.kind) return one.kind !== 'literal' || one.text === other.text ? 'same' : 'apart';
  if (one.kind === 'rest') return 'wider';
  if (other.kind === 'rest') return 'narrower';
  // One is a literal, the other takes any segment, but not the slash at the end.
  if ((one.kind === 'literal' ? one : other).text === '/') return 'apart';
  return one.kind === 'wild' ? 'wider' : 'narrower';
}

/** The relation of the whole for those of its two parts. */
function combined(one: Relation, other: Relation): Relation {
  if (one === 'apart' || other === 'apart') return 'apart';
  if (one === 'same' || one === other) return other;
  return other === 'same' ? one : 'crossing';
}

/** Why two patterns conflict, in Go's words. */
function describeConflict(one: Pattern, other: Pattern): string {
  const methods = relationOfMethods(one.method, other.method);
  const paths = relationOfPaths(one, other);
  const names = [one.text, other.text];
  if (combined(methods, paths) === 'same') return names.join(' matches the same requests as ');
  if (paths === 'crossing') {
    const both = quoted(examplePath(one.segments, other.segments));
    return [
      `${names.join(' and ')} both match some paths, like ${both}.`,
      'But neither is more specific than the other.',
      `${one.text} matches ${quoted(ownPath(one.segments, other.segments))}, but ${other.text} doesn't.`,
      `${other.text} matches ${quoted(ownPath(other.segments, one.segments))}, but ${one.text} doesn't.`,
    ].join('\n');
  }
  return methods === 'wider'
    ? `${one.text} matches more methods than ${other.text}, but has a more specific path pattern`
    : `${one.text} matches fewer methods than ${other.text}, but has a more general path pattern`;
}

/** A path that both match. */
function examplePath(one: readonly Segment[], other: readonly Segment[]): string {
  const common = Math.min(one.length, other.length);
  const shared = one.slice(0, common).map((segment, position) => (segment.kind === 'literal' ? segment : other[position]));
  return [...shared, ...one.slice(common), ...other.slice(common)].map(written).join('');
}

/** A path that only the first one matches; they match some in common. */
function ownPath(one: readonly Segment[], other: readonly Segment[]): string {
  let path = '';
  for (const [position, segment] of one.entries()) {
    const against = other[position];
    if (against === undefined) return path + one.slice(position).map(written).join('');
    if (segment.kind === 'rest') return `${path}/${against.kind !== 'rest' && against.text === '/' ? segment.text || 'x' : ''}`;
    const isTaken = segment.kind === 'wild' && against.kind === 'literal' && against.text === segment.text;
    path += written(segment) + (isTaken ? 'x' : '');
  }
  return path + other.slice(one.length).map(written).join('');
}

function written(segment: Segment | undefined): string {
  return segment === undefined || segment.kind === 'rest' || segment.text === '/' ? '/' : `/${segment.text}`;
}

function narrowest(patterns: readonly Pattern[], path: string): Pattern | undefined {
  return patterns
    .filter(({ segments }) => matches(segments, path))
    .reduce<Pattern | undefined>((best, one) => (best === undefined || relationOf(one, best) === 'narrower' ? one : best), undefined);
}

function matches(pattern: readonly Segment[], path: string): boolean {
  const parts = segmentsOf(path);
  const isRest = pattern.at(-1)?.kind === 'rest';
  const count = isRest ? pattern.length - 1 : pattern.length;
  if (isRest ? parts.length < pattern.length : parts.length !== count) return false;
  return pattern.slice(0, count).every(({ kind, text }, position) => (kind === 'wild' ? parts[position] !== '/' : parts[position] === text));
}

/** A slash at the end is a segment of its own. */
function segmentsOf(path: string): string[] {
  const parts = path.slice(1).split('/');
  return parts.map((part, index) => (part === '' && index === parts.length - 1 ? '/' : unescapedPath(part)));
}

/** Whether no rest took anything. */
function isExact(pattern: Pattern, path: string): boolean {
  return lastOf(pattern).kind !== 'rest' || segmentsOf(path).length === pattern.segments.length && path.endsWith('/');
}

function lastOf({ segments }: Pattern): Segment {
  return segments.at(-1) ?? { text: '', kind: 'rest' };
}
