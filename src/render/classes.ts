/**
 * Whose a file of a generated project is. `generated`: ours, replaced when its owner has not edited it. `merged`: both,
 * joined by base, disk and render. `seeded`: theirs, written once and never again.
 */
export type FileClass = 'generated' | 'merged' | 'seeded';

const RULES: readonly (readonly [pattern: RegExp, fileClass: FileClass])[] = [
  [/^src\/tsuru\//, 'generated'],
  [/^(permissions\.json|openapi\.yaml|manifest\.example\.yaml)$/, 'generated'],
  [/^test\/tsuru\//, 'generated'],
  [/^test\//, 'seeded'],
  [/^src\/(backend|plans)\.ts$/, 'seeded'],
  [/^src\/endpoints\//, 'seeded'],
  [/^(\.env|manifest\.yaml|yarn\.lock)$/, 'seeded'],
];

/** The class of a file, by its path in the project. */
export function classOf(path: string): FileClass {
  return RULES.find(([pattern]) => pattern.test(path))?.[1] ?? 'merged';
}
