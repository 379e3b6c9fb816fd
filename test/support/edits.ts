import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import fc from 'fast-check';

/** One thing that the owner of a project does to a file of it. */
export type Edit =
  | { kind: 'insert' | 'replace' | 'remove'; path: string; at: number; text: string }
  | { kind: 'delete' | 'crlf' | 'bom' | 'no-final-newline' | 'executable' | 'binary'; path: string }
  | { kind: 'add'; path: string; text: string }
  | { kind: 'json'; path: string; key: string; value: string };

/** Files that are made with a base, of every class and every kind of merge. */
const FILES = [
  'README.md',
  'package.json',
  'tsconfig.json',
  'src/main.ts',
  'src/app.ts',
  'src/tsuru/routes.ts',
  'src/tsuru/answers.ts',
  'src/tsuru/endpoints.ts',
  'permissions.json',
  'openapi.yaml',
  '.gitignore',
  '.dockerignore',
  '.env.example',
  'Dockerfile',
  'docs/service.md',
  'src/backend.ts',
  'src/endpoints/usage.ts',
  'test/tsuru/support/inject.ts',
];

const file = fc.constantFrom(...FILES);
const text = fc.constantFrom(
  'mine',
  '',
  '  // mine',
  '}',
  '# a note of my own',
  '  "mine": true,',
  'node_modules/',
  'für 😀',
);
const at = fc.double({ min: 0, max: 1, noNaN: true });

/** Any edit. Some make files that no parser reads. */
export const anyEdit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('insert', 'replace', 'remove'), path: file, at, text }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('delete', 'crlf', 'bom', 'no-final-newline', 'executable', 'binary'),
      path: file,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      path: fc.constantFrom(
        'src/mine.ts',
        'notes.txt',
        'src/tsuru/mine.ts',
        'src/endpoints/backups.ts',
        'docs/more.md',
      ),
      text,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('json' as const),
      path: fc.constantFrom('package.json', 'tsconfig.json'),
      key: fc.constantFrom(
        'dependencies.zod',
        'dependencies.mine',
        'scripts.test',
        'scripts.mine',
        'compilerOptions.target',
        'mine',
      ),
      value: fc.constantFrom('99.0.0', '0.0.1', 'mine'),
    }),
  },
);

/** Does it, in a project on the disk; nothing where the file is not there. */
export function perform(directory: string, edit: Edit): void {
  const place = join(directory, edit.path);
  if (edit.kind === 'add') {
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, edit.text);
    return;
  }
  if (!existsSync(place)) return;
  const content = readFileSync(place, 'utf8');
  switch (edit.kind) {
    case 'insert':
    case 'replace':
    case 'remove': {
      const lines = content.split('\n');
      const index = Math.floor(edit.at * (lines.length - 1));
      lines.splice(index, edit.kind === 'insert' ? 0 : 1, ...(edit.kind === 'remove' ? [] : [edit.text]));
      writeFileSync(place, lines.join('\n'));
      return;
    }
    case 'delete':
      rmSync(place);
      return;
    case 'crlf':
      writeFileSync(place, content.replace(/\r?\n/g, '\r\n'));
      return;
    case 'bom':
      writeFileSync(place, `\uFEFF${content}`);
      return;
    case 'no-final-newline':
      writeFileSync(place, content.trimEnd());
      return;
    case 'executable':
      chmodSync(place, 0o755);
      return;
    case 'binary':
      appendFileSync(place, Buffer.from([0, 255, 1]));
      return;
    case 'json': {
      let value: Record<string, Record<string, string>>;
      try {
        value = JSON.parse(content) as typeof value;
      } catch {
        return;
      }
      const [first = '', second] = edit.key.split('.');
      const changed =
        second === undefined
          ? { ...value, [first]: edit.value }
          : { ...value, [first]: { ...value[first], [second]: edit.value } };
      writeFileSync(place, `${JSON.stringify(changed, undefined, 4)}\n`);
    }
  }
}
