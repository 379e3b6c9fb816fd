/**
 * The ownership of a file in a generated project. `generated`: ours, replaced unless the user has edited it. `merged`:
 * shared, merged from base, disk and render. `seeded`: the user's, written only once.
 */
export type FileClass = 'generated' | 'merged' | 'seeded';

const RULES: readonly (readonly [pattern: RegExp, fileClass: FileClass])[] = [
  [/^src\/(tsuru|backends)\//, 'generated'],
  [/^(permissions\.json|openapi\.yaml|manifest\.example\.yaml)$/, 'generated'],
  [/^test\/tsuru\//, 'generated'],
  [/^test\//, 'seeded'],
  [/^src\/(backend|plans|settings)\.ts$/, 'seeded'],
  [/^src\/endpoints\//, 'seeded'],
  [/^(\.env|manifest\.yaml|yarn\.lock)$/, 'seeded'],
];

/** The class of a file, by its path in the project. */
export function classOf(path: string): FileClass {
  return RULES.find(([pattern]) => pattern.test(path))?.[1] ?? 'merged';
}
