import { describe, expect, it } from 'vitest';

import { readDocument } from './support/document.ts';
import { isShown } from './support/output.ts';

const fenced = (info: string, text: string) => `\`\`\`${info}\n${text}\n\`\`\`\n`;

describe('a document that a test follows', () => {
  it('is a list of sections with commands, their output, files, edits and ends', () => {
    const markdown = [
      '## One\n\nSome words.\n',
      fenced('sh exit=6', 'false'),
      fenced('text', '...'),
      fenced('ts file=src/a.ts', '1;'),
      fenced('diff file=src/a.ts', '-1;\n+2;'),
      '## Two\n<!-- needs tsuru -->\n<!-- Ctrl-C in cache -->\n',
    ];
    const [, one, two] = readDocument(markdown.join('\n'));
    expect(one?.steps).toMatchObject([
      { kind: 'commands', text: 'false\n', exit: 6, output: '...\n' },
      { kind: 'file', path: 'src/a.ts', text: '1;\n' },
      { kind: 'edit', path: 'src/a.ts', removed: '1;', added: '2;' },
    ]);
    expect([two?.needs, two?.steps]).toMatchObject(['tsuru', [{ kind: 'interrupt', terminal: 'cache' }]]);
  });

  it.each([
    ['a block of no kind', fenced('', 'npm test')],
    ['a file without a name', fenced('ts', '1;')],
    ['output of no command', fenced('text', 'hello')],
    ['a second output', fenced('sh', 'true') + fenced('text', 'a') + fenced('text', 'b')],
    ['a block without an end', '```sh\ntrue\n'],
    ['a comment that it does not know', '<!-- skip this -->'],
  ])('is refused with %s', (_what, markdown) => {
    expect(() => readDocument(`## Title\n${markdown}`)).toThrow(/^Line \d+: /);
  });
});

describe('what is printed', () => {
  it.each([
    ['a\nb\n', 'a\nb'],
    ['took 12.6 s at 2026-11-29T15:24:19.773Z', 'took 3 s at 2020-01-01T00:00:00.000Z'],
    ['a\nb\nc\n', 'a\n...\nc'],
    ['a\n', 'a\n...'],
    ['x\ny\na\n', '...\na'],
    ['port 4711 (x)\n', 'port ... (x)'],
  ])('%j is shown by %j', (printed, shown) => {
    expect(isShown(printed, shown)).toBe(true);
  });

  it.each([
    ['a\nb\n', 'a'],
    ['a\n', 'a\nb'],
    ['a\nc\n', 'a\nb'],
    ['ab\n', 'a.\n'],
    ['5 passed', '6 passed'],
    ['0a', 'a'],
  ])('%j is not shown by %j', (printed, shown) => {
    expect(isShown(printed, shown)).toBe(false);
  });

  it('may go on, where that is said', () => {
    expect(isShown('a\nb\n', 'a', false)).toBe(true);
    expect(isShown('b\n', 'a', false)).toBe(false);
  });
});
