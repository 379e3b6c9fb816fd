import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

import ts from 'typescript';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** The names that a file declares and exports, types included. What it only re-exports is declared elsewhere. */
function declared(path: string): string[] {
  const file = ts.createSourceFile(path, readFileSync(join(ROOT, path), 'utf8'), ts.ScriptTarget.Latest);
  return file.statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) {
      const { exportClause, moduleSpecifier } = statement;
      if (moduleSpecifier !== undefined || exportClause === undefined || !ts.isNamedExports(exportClause)) return [];
      return exportClause.elements.map(({ name }) => name.text);
    }
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
    const has = (kind: ts.SyntaxKind) => modifiers.some((modifier) => modifier.kind === kind);
    if (!has(ts.SyntaxKind.ExportKeyword) || has(ts.SyntaxKind.DefaultKeyword)) return [];
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.map(({ name }) => name.getText(file));
    }
    const { name } = statement as ts.DeclarationStatement;
    return name === undefined ? [] : [name.getText(file)];
  });
}

it('gives no two exports the same name', () => {
  const paths = ['src', 'generators'].flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.tsx?$/.test(path))
      .map((path) => join(room, path).replaceAll(sep, '/'))
      // For programs, the three commands have the names that they have on the command line.
      .filter((path) => path !== 'src/index.ts'),
  );
  const places = new Map<string, string[]>();
  for (const path of paths) {
    // A type and a value of one name in one file are one thing.
    for (const name of new Set(declared(path))) places.set(name, [...(places.get(name) ?? []), path]);
  }
  expect(places.get('QUESTIONS')).toEqual(['src/answers/questions.ts']);
  expect([...places].filter(([, files]) => files.length > 1)).toEqual([]);
});
