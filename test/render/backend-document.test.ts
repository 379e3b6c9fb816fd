import { readFileSync } from 'node:fs';

import ts from 'typescript';
import { expect, it } from 'vitest';

const FILE = new URL('../../docs/backend.md', import.meta.url).pathname;
const SOURCE = new URL('../../templates/base/src/tsuru/backend.ts', import.meta.url);

const ABOUT = `# The backend interface

\`src/backend.ts\` in a project exports \`createBackend\`, which returns a \`Backend\`. Everything else calls it: the routes decode Tsuru's
requests, the life cycle orders and stores them, and the backend does the real work. This page has the types of \`src/tsuru/backend.ts\`, the same
in every project, with their comments.
`;

/** First what is written, then what it is given, and last what only a library of backends needs. */
const ORDER = ['Backend', 'BackendOptions'];
const LEFT_OUT = ['AnyBackend', 'DataSoFar'];

/** The text of a comment, without its stars; a link to another name becomes the name. */
function commentOf(node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node);
  const text = comment === undefined ? '' : comment.getText();
  return text
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim();
}

const code = (text: string) => `\`${text.replaceAll(/\s+/g, ' ')}\``;
const cell = (text: string) => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');

/** The declaration of a member without its comment and its semicolon: `data?: Data`. */
function signatureOf(member: ts.Node): string {
  return member.getText().replace(/;$/, '');
}

function membersOf({ members }: ts.InterfaceDeclaration): string {
  const rows = members.flatMap((member) => {
    if (ts.isPropertySignature(member) && member.type !== undefined && ts.isTypeLiteralNode(member.type)) {
      const parent = member.name.getText();
      return member.type.members.map((one) => `| ${code(`${parent}.${signatureOf(one)}`)} | ${cell(commentOf(one))} |`);
    }
    return [`| ${cell(code(signatureOf(member)))} | ${cell(commentOf(member))} |`];
  });
  return ['| member | meaning |', '| --- | --- |', ...rows].join('\n');
}

function sectionOf(node: ts.InterfaceDeclaration | ts.TypeAliasDeclaration): string {
  const name = node.name.text;
  const title = `## ${name}`;
  const text = commentOf(node);
  const parts = [title, text, ...(ts.isTypeAliasDeclaration(node) ? [code(`type ${name} = ${node.type.getText()}`)] : [parentsOf(node), membersOf(node)])];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function parentsOf({ heritageClauses = ts.factory.createNodeArray() }: ts.InterfaceDeclaration): string {
  const names = heritageClauses.flatMap(({ types }) => types.map(({ expression }) => expression.getText()));
  return names.map((name) => `It has the members of [${name}](#${name.toLowerCase()}), and:`).join('\n');
}

/** `npx vitest run --project unit test/render/backend-document.test.ts --update` writes the file. */
it('documents the interface of a backend in docs/backend.md', async () => {
  const source = ts.createSourceFile('backend.ts', readFileSync(SOURCE, 'utf8'), ts.ScriptTarget.Latest, true);
  const declared = source.statements.filter((node) => ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node));
  const shown = declared.filter(({ name }) => !LEFT_OUT.includes(name.text));
  const rank = (name: string) => (ORDER.indexOf(name) === -1 ? ORDER.length : ORDER.indexOf(name));
  const sorted = shown.toSorted((a, b) => rank(a.name.text) - rank(b.name.text));
  await expect([ABOUT, ...sorted.map(sectionOf)].join('\n')).toMatchFileSnapshot(FILE);
});
