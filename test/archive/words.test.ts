import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { openArchive, openBeginning } from '../../src/archive/archive.ts';
import { abbreviate, expander } from '../../src/archive/words.ts';
import { templates } from '../support/project.ts';

const expanded = ({ list, texts }: ReturnType<typeof abbreviate>) => {
  const expand = expander(Buffer.from(list));
  return texts.map((text) => expand(text).toString());
};

describe('abbreviating words', () => {
  it.each([
    ['nothing', []],
    ['no frequent word', ['', 'one text']],
    ['one frequent word', ['word '.repeat(9), 'a word']],
    ['names in camel case, and indentation', ['  const aName = otherName;\n'.repeat(20), '\n\n    otherNameOfAName']],
    ['capitals', ['name Name NAME NaMe nAME '.repeat(9), 'NAMEname', 'É Name', 'name']],
    ['lines with and without indentation', [' a\n\n\n  b\n    c\n \nd\r\n\te\n'.repeat(9), '\n', '\n\n', 'a\n  ', '  a\n']],
    ['characters of two to four bytes', ['ação × ÿ ключ 鍵 😀' + ' frequent'.repeat(9), '😀']],
    ['such characters between words of one byte', [Array.from({ length: 80 }, (_, index) => `word${letters(index)}é€ÿ😀 Word${letters(index)}ж鍵`).join('').repeat(6)]],
    ['more words than there are characters for', [Array.from({ length: 2000 }, (_, index) => `word${'abcdefghij'.charAt(index % 10)}`.repeat(2) + letters(index)).join(' ').repeat(6)]],
  ])('loses nothing of %s', (_, texts) => {
    expect(expanded(abbreviate(texts))).toEqual(texts);
  });

  it('makes one character of each frequent word', () => {
    const { list, texts } = abbreviate(['instance '.repeat(9)]);
    expect(list).toBe('instance');
    expect(texts[0]).toHaveLength(18);
  });

  it('makes the same character of a word with and without capitals', () => {
    const { list, texts } = abbreviate(['instance Instance INSTANCE '.repeat(9)]);
    expect(list).toBe('instance');
    expect(new Set(texts[0])).toEqual(new Set(Buffer.from('\x02 \x1e\x1f')));
  });

  it('makes the same character of equal steps of indentation', () => {
    const { list } = abbreviate(['a\n  b\n    c\n      d\n        e\n          f\n            g\n']);
    expect(list).toBe('\x1c\x1c\n');
  });

  it('refuses more indentation than it has room for', () => {
    const line = (spaces: number) => `\n${' '.repeat(spaces)}a`;
    expect(expanded(abbreviate([line(24)]))).toEqual([line(24)]);
    expect(() => abbreviate([line(25)])).toThrow('too much indentation');
  });

  it.each(['\x01', '\x02', '\x1b', '\x1f', 'Ā', 'Ͽ', 'Ѡ', '߿', '\ue080', '\ue0bf'])('refuses a text with %j, which would be read as a word', (character) => {
    expect(() => abbreviate(['text', `a${character}b`])).toThrow('stands for a word');
  });
});

describe('the archive of the build', () => {
  it('begins with the modules that the help needs, which can be read without the rest', () => {
    const file = new URL('../../dist/package.br', import.meta.url);
    const [beginning, whole] = [openBeginning(file), openArchive(file)];
    const textsOf = ({ code, expand }: typeof beginning) => code.map((text) => expand(text).toString());
    expect(textsOf(beginning)).toEqual(textsOf(whole).slice(0, beginning.code.length));
    expect(textsOf(beginning)).toEqual(expect.arrayContaining(['./cli.cjs', './options.cjs']));
    expect(beginning.code.length).toBeLessThan(whole.code.length / 2);
  });

  it('has every plain file of the templates, byte for byte', () => {
    const plain = readdirSync('templates', { recursive: true, encoding: 'utf8' }).filter(
      (path) => statSync(join('templates', path)).isFile() && !path.endsWith('.hbs'),
    );
    expect(plain.length).toBeGreaterThan(100);
    for (const path of plain) {
      const file = templates.precompiled?.[path] as (() => Buffer) | undefined;
      expect(file?.().equals(readFileSync(join('templates', path))), path).toBe(true);
    }
  });
});

/** A number in letters, so that it is a part of a word. */
function letters(index: number): string {
  return String(index).replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)));
}
