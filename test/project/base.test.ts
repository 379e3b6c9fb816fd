import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { EXIT } from '../../src/errors.ts';
import { readBases, writeBases } from '../../src/project/base.ts';

const hexOf = (files: Iterable<[string, Buffer]>) =>
  [...files].map(([path, content]) => `${path} ${content.toString('hex')}`).join('\n');
const read = (text: string) => readBases(Buffer.from(text));

describe('the file of bases', () => {
  it('gives every content back, whatever its bytes, and whatever line ends git gives the file', () => {
    const content = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
      fc.constantFrom('', '\uFEFFa\r\nb\n', '\u2028\u0000\\"').map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), content), (files) => {
        const entries = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
        const written = writeBases(entries);
        expect(hexOf(readBases(written))).toBe(hexOf(entries));
        expect(hexOf(read(written.toString().replaceAll('\n', '\r\n')))).toBe(hexOf(entries));
        expect(written.toString().split('\n')).toHaveLength(2 * entries.length + 1);
      }),
    );
  });

  it.each([
    ['a line that is not JSON', '["a","x"]\n["b","x"\n', /base\.jsonl line 2 is not valid JSON/],
    ['a line of another form', '{"a":"x"}\n', /line 1 is not of the form/],
    ['a line without its text', '["a"]\n', /line 1 is not of the form/],
    ['a text that is none', '["a",1]\n', /line 1 is not of the form/],
    ['another encoding', '["a","x","latin1"]\n', /line 1 is not of the form/],
    ['deep values', `${'['.repeat(200_000)}${']'.repeat(200_000)}\n`, /line 1 is not of the form/],
    ['a path twice', '["a","x"]\n["a","y"]\n', /line 2 repeats the path a\./],
    ['two paths that differ in case only', '["a","x"]\n["A","y"]\n', /has a and A, which are the same file on some disks/],
    ['a path out of the project', '["../a","x"]\n', /line 1 has the path "\.\.\/a", which leaves the project/],
    ['a path of __proto__', '["a/__proto__","x"]\n', /which has a reserved name in it/],
    ['the markers of a merge', '["a","x"]\r\n<<<<<<< HEAD\r\n["b","x"]\r\n', /base\.jsonl has conflict markers of git in line 2/],
    ['a marker that is left over', '["a","x"]\n=======\n', /conflict markers of git in line 2/],
  ])('with %s is unreadable, and the error says what to do', (_name, text, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({
        exitCode: EXIT.unreadable,
        message: expect.stringMatching(message) as string,
        hint: expect.stringMatching(/^(Restore it from your version control|Choose one side of the folder)/) as string,
      }),
    );
  });
});
