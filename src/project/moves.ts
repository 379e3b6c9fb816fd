import { posix } from 'node:path';

import type { Tree } from '../render/tree.ts';
import type { Lock } from './lock.ts';

/** Where files of earlier versions are now: the beginning or the whole of an old path, and what takes its place. */
const MOVES: readonly (readonly [from: RegExp, to: string])[] = [
  [/^test\/check-tsuru\.ts$/, 'test/tsuru/conformance.ts'],
  [/^test\/(?!tsuru\/)/, 'test/tsuru/'],
];

/** The files of a project that a render has in another place: the new path, by the old one. */
export function movesBetween({ files }: Lock, rendered: Tree): Map<string, string> {
  const moves = new Map<string, string>();
  for (const [path, known] of Object.entries(files)) {
    const move = MOVES.find(([from]) => from.test(path));
    if (move === undefined || known.class === 'seeded' || rendered.has(path)) continue;
    const to = path.replace(...move);
    const made = rendered.get(to);
    if (made !== undefined && made.fileClass !== 'seeded' && !Object.hasOwn(files, to)) moves.set(path, to);
  }
  return moves;
}

/** A relative path in the code of a module, as a specifier or a URL. */
const SPECIFIER = /(\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*|\.mock\(\s*)(["'])(\.{1,2}\/[^"'\n]*)\2/g;

/**
 * The code of a module that moves, with its relative imports as they are from its new place.
 * @param moves all files that move, new path by old path
 */
export function relocated(code: string, from: string, to: string, moves: ReadonlyMap<string, string>): string {
  return code.replace(SPECIFIER, (whole, before: string, quote: string, specifier: string) => {
    const target = targetOf(from, specifier);
    if (target.startsWith('..')) return whole;
    return `${before}${quote}${specifierFor(to, movedTarget(target, moves))}${quote}`;
  });
}

/** The files that move and that the code of a module imports from where they were. */
export function importsOfMoved(code: string, path: string, moves: ReadonlyMap<string, string>): string[] {
  return [...code.matchAll(SPECIFIER)].flatMap(([, , , specifier = '']) => {
    const target = targetOf(path, specifier);
    return [target, sourceOf(target)].filter((one) => moves.has(one));
  });
}

/** A module that stays at the old place of another one, for those that import it from there. */
export function reExport(from: string, to: string): string {
  return `export * from '${specifierFor(from, to.replace(/ts$/, 'js'))}';\n`;
}

function targetOf(path: string, specifier: string): string {
  return posix.join(posix.dirname(path), specifier);
}

/** TypeScript's modules are imported by the name of what they are compiled to. */
function sourceOf(target: string): string {
  return target.replace(/\.js$/, '.ts');
}

function movedTarget(target: string, moves: ReadonlyMap<string, string>): string {
  return moves.get(target) ?? moves.get(sourceOf(target))?.replace(/\.ts$/, '.js') ?? target;
}

function specifierFor(path: string, target: string): string {
  const way = posix.relative(posix.join('/', posix.dirname(path)), posix.join('/', target));
  return (way.startsWith('..') ? way : `./${way}`) + (target.endsWith('/') ? '/' : '');
}
