import { posix } from 'node:path';

import type { Tree } from '../render/tree.ts';
import type { Lock } from './lock.ts';

/** The paths that changed since earlier versions: the start of an old path, or all of it, and its replacement. */
const MOVES: readonly (readonly [from: RegExp, to: string])[] = [
  [/^test\/check-tsuru\.ts$/, 'test/tsuru/conformance.ts'],
  [/^test\/(?!tsuru\/)/, 'test/tsuru/'],
  [/^src\/tsuru\/budget\.ts$/, 'src/tsuru/deadlines.ts'],
  [/^src\/tsuru\/edge\.ts$/, 'src/tsuru/http-server.ts'],
  [/^src\/tsuru\/refusals\.ts$/, 'src/tsuru/life-cycle-errors.ts'],
  [/^src\/tsuru\/returned\.ts$/, 'src/tsuru/backend-results.ts'],
  [/^src\/tsuru\/settings\.ts$/, 'src/tsuru/answers.ts'],
  [/^src\/tsuru\/set-back\.ts$/, 'src/tsuru/revert-hint.ts'],
  [/^src\/tsuru\/target\.ts$/, 'src/tsuru/request-target.ts'],
  [/^src\/tsuru\/works\.ts$/, 'src/tsuru/operations.ts'],
];

/** The files of a project that a render has at another path: the new path, by the old one. */
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
 * The code of a module that moves, with its relative imports adapted to its new path.
 * @param moves all files that move, new path by old path
 */
export function relocated(code: string, from: string, to: string, moves: ReadonlyMap<string, string>): string {
  return code.replace(SPECIFIER, (whole, before: string, quote: string, specifier: string) => {
    const target = targetOf(from, specifier);
    if (target.startsWith('..')) return whole;
    return `${before}${quote}${specifierFor(to, movedTarget(target, moves))}${quote}`;
  });
}

/** The moved files that a module imports by their old paths. */
export function importsOfMoved(code: string, path: string, moves: ReadonlyMap<string, string>): string[] {
  return [...code.matchAll(SPECIFIER)].flatMap(([, , , specifier = '']) => {
    const target = targetOf(path, specifier);
    return [target, sourceOf(target)].filter((one) => moves.has(one));
  });
}

/** A module for the old path of a moved one, which re-exports it for existing imports. */
export function reExport(from: string, to: string): string {
  return `export * from '${specifierFor(from, to.replace(/ts$/, 'js'))}';\n`;
}

function targetOf(path: string, specifier: string): string {
  return posix.join(posix.dirname(path), specifier);
}

/** TypeScript imports a module by the name of its compiled file. */
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
