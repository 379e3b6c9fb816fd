import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { mergeJson } from '../../src/project/merge/json.ts';
import { mergeLines } from '../../src/project/merge/lines.ts';
import { mergeLineSets } from '../../src/project/merge/sets.ts';
import { BOM, styleOf } from '../../src/text.ts';
import { SEED } from '../support/seed.ts';

const text = (...lines: string[]) => textOf(lines);
const textOf = (lines: string[]) => lines.map((line) => `${line}\n`).join('');

/** Texts of lines from a small alphabet, with and without a final newline. */
const texts = (alphabet: string[], maxLength: number, ends = ['\n']) =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.constantFrom(...alphabet), fc.constantFrom(...ends)), { maxLength }),
      fc.boolean(),
      fc.constantFrom('', '', BOM),
    )
    .map(([lines, final, bom]) => {
      const joined = lines.map(([line, end]) => line + end).join('');
      return (ends.length > 1 ? bom : '') + (final ? joined : joined.replace(/\r?\n$/, ''));
    });

/** A text without what only says how it is written down. */
function normalise(text: string): string {
  return text.replace(BOM, '').replaceAll('\r\n', '\n');
}

describe('mergeLines', () => {
  const base = text('one', 'two', 'three', 'four', 'five');

  it('takes the changes of both sides', () => {
    const mine = text('one', 'TWO', 'three', 'four', 'five');
    const theirs = text('one', 'two', 'three', 'four', 'five', 'six');
    expect(mergeLines(base, mine, theirs)).toEqual({
      kind: 'clean',
      text: text('one', 'TWO', 'three', 'four', 'five', 'six'),
    });
  });

  it('takes the same change of both sides once', () => {
    const both = text('one', 'two', 'new', 'five');
    expect(mergeLines(base, both, both)).toEqual({ kind: 'clean', text: both });
  });

  it('marks each conflict with what all three had', () => {
    const mine = text('one', 'mine', 'three', 'four', '5');
    const theirs = text('one', 'theirs', 'three', 'four', 'V');
    expect(mergeLines(base, mine, theirs, { mine: 'yours', base: 'v1', theirs: 'v2' })).toEqual({
      kind: 'conflict',
      conflicts: 2,
      text: text(
        ...['one', '<<<<<<< yours', 'mine', '||||||| v1', 'two', '=======', 'theirs', '>>>>>>> v2', 'three', 'four'],
        ...['<<<<<<< yours', '5', '||||||| v1', 'five', '=======', 'V', '>>>>>>> v2'],
      ),
    });
  });

  it('holds changes for a conflict that touch without a common line between them', () => {
    const merge = mergeLines(
      base,
      text('one', 'TWO', 'three', 'four', 'five'),
      text('one', 'two', '3', 'four', 'five'),
    );
    expect(merge.kind).toBe('conflict');
  });

  it('counts a missing final newline as part of the last line', () => {
    expect(mergeLines('a\nb\nc\n', 'a\nb\nc', 'A\nb\nc\n')).toEqual({ kind: 'clean', text: 'A\nb\nc' });
    expect(mergeLines('a\nb\n', 'a\nb', 'a\nb\nc\n')).toEqual({
      kind: 'conflict',
      conflicts: 1,
      text: 'a\n<<<<<<< mine\nb\n||||||| base\nb\n=======\nb\nc\n>>>>>>> theirs\n',
    });
  });

  it('sees no change in other line ends or a byte order mark, and keeps those of mine', () => {
    expect(mergeLines('a\nb\nc\n', `${BOM}a\r\nb\r\nc\r\n`, 'a\nb\nC\n')).toEqual({
      kind: 'clean',
      text: `${BOM}a\r\nb\r\nC\r\n`,
    });
    expect(mergeLines('a\nb\nc\n', 'a\nb\nc\n', `${BOM}a\r\nb\r\nC\r\n`)).toEqual({ kind: 'clean', text: 'a\nb\nC\n' });
  });

  it('keeps mixed line ends line by line, and gives new lines the more frequent one', () => {
    const mine = 'a\r\nb\nc\r\nd\r\ne\n';
    expect(mergeLines('a\nb\nc\nd\ne\n', mine, 'a\nb\nc\nd\ne\nf\n')).toEqual({ kind: 'clean', text: `${mine}f\r\n` });
  });

  it('puts the markers of a conflict in the line ends of mine', () => {
    const { text: marked } = mergeLines('a\n', 'b\r\n', 'c\n');
    expect(marked).toBe('<<<<<<< mine\r\nb\r\n||||||| base\r\na\r\n=======\r\nc\r\n>>>>>>> theirs\r\n');
  });

  it('merges 20,000 lines with hundreds of changes', () => {
    const lines = (change: (at: number) => string | undefined) =>
      textOf(Array.from({ length: 20_000 }, (_, at) => change(at) ?? (at % 4 === 0 ? '}' : `line ${at}`)));
    const versions = [
      lines(() => undefined),
      lines((at) => (at % 67 === 3 ? `mine ${at}` : undefined)),
      lines((at) => (at % 71 === 5 ? '}' : undefined)),
    ] as const;
    expect(mergeLines(...versions).text).toContain('mine 19969\n');
  });

  it('survives 130,000 lines that have nothing, or nothing but their order, apart', () => {
    const lines = (line: (at: number) => string) => textOf(Array.from({ length: 130_000 }, (_, at) => line(at)));
    const before = lines((at) => `base ${at}`);
    const apart = mergeLines(
      before,
      lines((at) => `mine ${at}`),
      lines((at) => `theirs ${at}`),
    );
    expect(apart).toMatchObject({ kind: 'conflict', conflicts: 1 });
    const shuffled = lines((at) => `base ${(at * 7919) % 130_000}`);
    expect(mergeLines(before, shuffled, before)).toEqual({ kind: 'clean', text: shuffled });
  }, 60_000);

  it('is mine where theirs changed nothing, to the byte', () => {
    const any = texts(['a', 'b', '', '}'], 12, ['\n', '\r\n']);
    fc.assert(
      fc.property(any, any, (before, mine) => {
        expect(mergeLines(before, mine, before)).toEqual({ kind: 'clean', text: mine });
      }),
      { numRuns: 2000, seed: SEED },
    );
  });

  it('is theirs where mine changed nothing', () => {
    const any = texts(['a', 'b', '', '}'], 12);
    fc.assert(
      fc.property(any, any, (before, theirs) => {
        expect(mergeLines(before, before, theirs)).toEqual({ kind: 'clean', text: theirs });
      }),
      { numRuns: 2000, seed: SEED },
    );
  });

  it('never loses a line of mine', () => {
    const any = texts(['a', 'b', '', '}'], 12, ['\n', '\r\n']);
    const own = texts(['a', 'b', '', '}', 'own 1', 'own 2'], 12, ['\n', '\r\n']);
    const ownLines = (of: string) =>
      normalise(of)
        .split('\n')
        .filter((line) => line.startsWith('own'));
    fc.assert(
      fc.property(any, own, any, (before, mine, theirs) => {
        expect(ownLines(mergeLines(before, mine, theirs).text)).toEqual(ownLines(mine));
      }),
      { numRuns: 2000, seed: SEED },
    );
  });

  describe('next to git merge-file', () => {
    let directory: string;
    beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'merge-'))));
    afterAll(() => {
      rmSync(directory, { recursive: true });
    });

    const gitMerge = (versions: Record<'base' | 'mine' | 'theirs', string>) => {
      for (const [name, content] of Object.entries(versions)) writeFileSync(join(directory, name), content);
      const args = ['merge-file', '-p', '--diff3', 'mine', 'base', 'theirs'];
      const { status, stdout } = spawnSync('git', args, { cwd: directory, encoding: 'utf8' });
      return { kind: status === 0 ? 'clean' : 'conflict', text: stdout };
    };

    /** A text and two edited versions of it; `line` makes the lines of all three. */
    const edited = (line: fc.Arbitrary<string>, maxLength: number) => {
      const edits = fc.array(fc.tuple(fc.nat(), fc.nat(1), fc.array(line, { maxLength: 2 })), { maxLength: 4 });
      const ends = fc.constantFrom('\n', '\n', '\n', '');
      return fc
        .tuple(fc.array(line, { maxLength }), edits, edits, fc.tuple(ends, ends, ends))
        .map(([lines, own, other, [baseEnd, mineEnd, theirEnd]]) => {
          const apply = (changes: typeof own, end: string) => {
            const changed = [...lines];
            for (const [at, removed, added] of changes) changed.splice(at % (changed.length + 1), removed, ...added);
            return changed.length > 0 ? changed.join('\n') + end : '';
          };
          return { base: apply([], baseEnd), mine: apply(own, mineEnd), theirs: apply(other, theirEnd) };
        });
    };

    it('says the same of lines that are mostly different, conflicts and all', () => {
      const line = fc.oneof({ weight: 12, arbitrary: fc.nat(1e9).map(String) }, fc.constantFrom('}', ''));
      fc.assert(
        fc.property(edited(line, 30), (versions) => {
          const { kind, text: merged } = mergeLines(versions.base, versions.mine, versions.theirs);
          expect({ kind, text: merged }).toEqual(gitMerge(versions));
        }),
        { numRuns: 1000, seed: SEED },
      );
    }, 120_000);

    // Where lines repeat that much, a change can be read in several shortest ways, of which git picks one. About 9 texts in
    // 1,000 come out differently, and fewer than 1 in 1,000 cleanly so: the bounds are far from that for any seed.
    it('says the same of nearly all texts of very few different lines', () => {
      const line = fc.constantFrom('a', 'b', 'c');
      const seen = { agreed: 0, otherText: 0, onlyGitClean: 0, onlyOursClean: 0 };
      for (const versions of fc.sample(edited(line, 10), { numRuns: 1500, seed: SEED })) {
        const expected = gitMerge(versions);
        const { kind, text: merged } = mergeLines(versions.base, versions.mine, versions.theirs);
        if (kind !== expected.kind) seen[kind === 'clean' ? 'onlyOursClean' : 'onlyGitClean']++;
        else if (kind === 'clean' && merged !== expected.text) seen.otherText++;
        else seen.agreed++;
      }
      expect(seen.agreed).toBeGreaterThan(1462);
      expect(seen.otherText).toBeLessThan(10);
    }, 120_000);
  });
});

describe('style', () => {
  it('is found in a text', () => {
    expect(styleOf('a\nb')).toEqual({ bom: false, eol: '\n' });
    expect(styleOf(`${BOM}a\r\nb\r\nc\n`)).toEqual({ bom: true, eol: '\r\n' });
  });
});

describe('mergeJson', () => {
  const json = (value: unknown, indent: string | number = 2) => `${JSON.stringify(value, null, indent)}\n`;
  const clean = (merged: string) => ({ kind: 'clean', text: merged });

  it('takes what only one side changed', () => {
    const base = json({ name: 'a', scripts: { test: 'x', lint: 'y' }, files: ['dist'] });
    const mine = json({ name: 'b', scripts: { test: 'x', lint: 'y' }, files: ['dist'] });
    const theirs = json({ name: 'a', scripts: { test: 'z', lint: 'y' }, files: ['dist', 'bin'] });
    expect(mergeJson(base, mine, theirs)).toEqual(
      clean(json({ name: 'b', scripts: { test: 'z', lint: 'y' }, files: ['dist', 'bin'] })),
    );
  });

  it('names the paths that both sides changed differently', () => {
    const base = json({ scripts: { test: 'a' }, exports: { './x': 1 }, files: [1] });
    const mine = json({ scripts: { test: 'b' }, exports: { './x': 2 }, files: [2] });
    const theirs = json({ scripts: { test: 'c' }, exports: { './x': 3 }, files: [2] });
    expect(mergeJson(base, mine, theirs)).toEqual({ kind: 'conflict', paths: ['scripts.test', 'exports["./x"]'] });
    expect(mergeJson('1', '2', '3')).toEqual({ kind: 'conflict', paths: ['.'] });
  });

  it('keeps a member removed that mine removed, and removes one that theirs removed', () => {
    const [base, mine, theirs] = [json({ a: 1, b: 2, c: 3 }), json({ b: 2, c: 3 }), json({ a: 1, b: 2 })];
    expect(mergeJson(base, mine, theirs)).toEqual(clean(json({ b: 2 })));
    expect(mergeJson(json({ a: { b: 1 } }), json({ a: { b: 1 }, z: 1 }), json({ a: {} }))).toEqual(
      clean(json({ a: {}, z: 1 })),
    );
  });

  it('holds a member for a conflict that one side removed and the other changed', () => {
    const [base, without] = [json({ a: { b: 1 }, c: 1 }), json({ c: 1 })];
    expect(mergeJson(base, without, json({ a: { b: 2 }, c: 1 }))).toEqual({ kind: 'conflict', paths: ['a'] });
    expect(mergeJson(base, json({ a: { b: 2 }, c: 1 }), without)).toEqual({ kind: 'conflict', paths: ['a'] });
  });

  it('keeps a dependency that mine raised above theirs', () => {
    const version = (number: string, at = 'dependencies') => json({ [at]: { x: number } });
    const raised = version('^1.10.0');
    expect(mergeJson(version('^1.1.0'), raised, version('^1.9.9'))).toEqual(clean(raised));
    expect(
      mergeJson(
        version('1.1.0', 'devDependencies'),
        version('~2.0.0', 'devDependencies'),
        version('1.2.0', 'devDependencies'),
      ),
    ).toEqual(clean(version('~2.0.0', 'devDependencies')));
    for (const [own, other] of [
      ['^1.9.9', '^1.10.0'],
      ['1.9.9', '^1.9.9'],
      ['>=2', '^1.9.9'],
      ['2.0.0-rc.1', '1.9.9'],
    ] as const) {
      expect(mergeJson(version('^1.1.0'), version(own), version(other))).toEqual({
        kind: 'conflict',
        paths: ['dependencies.x'],
      });
    }
    expect(mergeJson(version('1.0.0', 'config'), version('3.0.0', 'config'), version('2.0.0', 'config'))).toEqual({
      kind: 'conflict',
      paths: ['config.x'],
    });
  });

  it('keeps the order of keys in mine and puts a new key after the one that it follows in theirs', () => {
    const base = json({ name: 'x', version: '1', main: 'm' });
    const mine = json({ version: '1', own: 1, name: 'x', main: 'm' });
    const theirs = json({ first: 0, name: 'x', type: 'module', bin: 'b', version: '1', main: 'm' });
    expect(mergeJson(base, mine, theirs)).toEqual(
      clean(json({ first: 0, version: '1', own: 1, name: 'x', type: 'module', bin: 'b', main: 'm' })),
    );
  });

  it('puts a new key in its place where the keys of mine are in order', () => {
    const base = json({ scripts: { build: 'b', test: 't' }, dependencies: {} });
    const mine = json({ scripts: { build: 'b', lint: 'l', test: 't' }, dependencies: { hono: '1' } });
    const theirs = json({ scripts: { build: 'b', test: 't', format: 'f' }, dependencies: { zod: '1', '@a/b': '1' } });
    expect(mergeJson(base, mine, theirs)).toEqual(
      clean(
        json({
          scripts: { build: 'b', format: 'f', lint: 'l', test: 't' },
          dependencies: { '@a/b': '1', hono: '1', zod: '1' },
        }),
      ),
    );
  });

  it('leaves every byte of mine outside the changed members', () => {
    const base = json({ a: 1, lib: ['x', 'y'], n: 1e3, o: { p: 1 } });
    const mine = `${BOM}{\r\n\t"n" : 1e3,\n\n\t"lib": ["x",  "y"],\r\n\t"o": { "p": 1, "2": 0, "1": 0 },\r\n\t"a": 1\r\n}`;
    const theirs = json({ a: 2, lib: ['x', 'y'], n: 1e3, o: { p: 1 }, q: { r: [1] } });
    const added = '"q" : {\r\n\t\t"r": [\r\n\t\t\t1\r\n\t\t]\r\n\t}';
    expect(mergeJson(base, mine, theirs)).toEqual(clean(mine.replace('"a": 1', `${added},\r\n\t"a": 2`)));
  });

  it('returns mine where nothing changes, whatever its layout', () => {
    const mine = '\r\n { "b":[ 1,2 ],"a" : "\\u0041"}  ';
    expect(mergeJson('{"a":"A"}', mine, '{ "a": "A" }')).toEqual(clean(mine));
  });

  it('keeps an object on one line that is on one line', () => {
    expect(mergeJson('{"a": 1}', '{"a": 1, "b": 2}', '{\n  "z": [\n    1\n  ],\n  "a": 1\n}')).toEqual(
      clean('{"z": [1], "a": 1, "b": 2}'),
    );
    expect(mergeJson('{"a":1,"b":2}', '{"a":1,"b":2,"c":3}', '{"b":2}')).toEqual(clean('{"b":2,"c":3}'));
    expect(mergeJson('{}', '{} ', '{"b":2}')).toEqual(clean('{"b":2} '));
  });

  it('has no trouble with keys that objects have anyway', () => {
    const base = '{"a":1}';
    const theirs = '{"a":1,"__proto__":{"x":1},"constructor":{"prototype":2},"toString":3}';
    expect(mergeJson(base, '{"a":2}', theirs)).toEqual(clean(theirs.replace('"a":1', '"a":2')));
    expect(mergeJson(theirs, theirs.replace('1}', '2}'), theirs.replace('1}', '3}'))).toEqual({
      kind: 'conflict',
      paths: ['__proto__.x'],
    });
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('reads no comments, no trailing commas and no key that is there twice', () => {
    for (const odd of ['{"a": 1 // one\n}', '{"a": 1,}', '{"a": {"b": 1, "b": 2}}', '']) {
      expect(mergeJson('{}', odd, '{}')).toEqual({ kind: 'unreadable', which: 'mine' });
      expect(mergeJson(odd, '{}', '{}')).toEqual({ kind: 'unreadable', which: 'base' });
      expect(mergeJson('{}', '{}', odd)).toEqual({ kind: 'unreadable', which: 'theirs' });
    }
  });

  it('survives documents that go very deep', () => {
    const deep = (value: number) => '{"a":'.repeat(5000) + String(value) + '}'.repeat(5000);
    expect(mergeJson(deep(1), deep(2), deep(1))).toEqual(clean(deep(2)));
    expect(mergeJson(deep(1), deep(2), deep(3))).toMatchObject({ kind: 'conflict' });
  });

  describe('for any documents', () => {
    const key = fc.constantFrom('a', 'b', 'c', '1', '__proto__', 'constructor', 'dependencies', 'a.b "');
    const scalar = fc.constantFrom(0, 1, null, 'x', '^1.2.3', '~2.0.0');
    /** JSON texts, so that `__proto__` is a key and the order of keys is free. */
    const { value } = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        scalar.map((of) => JSON.stringify(of)),
        fc.array(tie('value'), { maxLength: 2 }).map((of) => `[${of.join(', ')}]`),
        fc
          .uniqueArray(fc.tuple(key, tie('value')), { maxLength: 5, selector: ([of]) => of })
          .map((of) => `{${of.map(([name, is]) => `\n\t${JSON.stringify(name)}: ${is}`).join(',')}\n}`),
      ),
    }));
    const document = fc
      .uniqueArray(fc.tuple(key, value), { maxLength: 6, selector: ([of]) => of })
      .map((of) => `{${of.map(([name, is]) => `${JSON.stringify(name)}:${is}`).join(' ,\n')}}\n`);
    const parsed = (of: string) => JSON.parse(of) as Record<string, unknown>;

    it('is mine where theirs changed nothing, to the byte', () => {
      fc.assert(
        fc.property(document, document, (before, mine) => {
          expect(mergeJson(before, mine, before)).toEqual(clean(mine));
        }),
        { numRuns: 1000, seed: SEED },
      );
    });

    it('is theirs where mine changed nothing but its layout', () => {
      fc.assert(
        fc.property(document, document, (before, theirs) => {
          expect(mergeJson(before, before, theirs)).toEqual(clean(theirs));
          const merge = mergeJson(before, `${before} `, theirs);
          expect(merge.kind === 'clean' && parsed(merge.text)).toEqual(parsed(theirs));
        }),
        { numRuns: 1000, seed: SEED },
      );
    });

    it('never loses a member of mine', () => {
      const own = fc.tuple(document, fc.nat(2)).map(([of, at]) => {
        const place = of.split('{').length > at + 1 ? at + 1 : 1;
        const pieces = of.split('{');
        const rest = pieces.slice(place).join('{');
        return `${pieces.slice(0, place).join('{')}{"own": "mine"${/^\s*\}/.test(rest) ? '' : ', '}${rest}`;
      });
      let clean = 0;
      fc.assert(
        fc.property(document, own, document, (before, mine, theirs) => {
          const merge = mergeJson(before, mine, theirs);
          if (merge.kind === 'clean') {
            clean++;
            expect(parsed(merge.text)).toBeTypeOf('object');
            expect(merge.text).toContain('"own": "mine"');
          }
        }),
        { numRuns: 1000, seed: SEED },
      );
      expect(clean).toBeGreaterThan(100);
    });

    it('is the same for all that is decided, whichever side is which', () => {
      let clean = 0;
      fc.assert(
        fc.property(document, document, document, (before, mine, theirs) => {
          const [one, other] = [mergeJson(before, mine, theirs), mergeJson(before, theirs, mine)];
          expect(one.kind).toBe(other.kind);
          if (one.kind !== 'clean' || other.kind !== 'clean') return;
          clean++;
          expect(parsed(one.text)).toEqual(parsed(other.text));
        }),
        { numRuns: 1000, seed: SEED },
      );
      expect(clean).toBeGreaterThan(100);
    });
  });
});

describe('mergeLineSets', () => {
  it('adds a line after the one that it follows in theirs, or else at the end', () => {
    const base = text('dist', 'node_modules');
    expect(
      mergeLineSets(
        base,
        text('own', 'dist', '', 'node_modules', 'mine'),
        text('dist', 'build', 'out', 'node_modules'),
      ),
    ).toBe(text('own', 'dist', 'build', 'out', '', 'node_modules', 'mine'));
    expect(mergeLineSets(base, text('own', 'node_modules'), text('dist', 'build', 'node_modules'))).toBe(
      text('own', 'node_modules', 'build'),
    );
  });

  it('removes what theirs removed, and brings nothing back that mine removed', () => {
    const base = text('a', 'b', 'c');
    expect(mergeLineSets(base, text('x', 'a', 'b'), text('a', 'c'))).toBe(text('x', 'a'));
  });

  it('adds nothing that mine has, be it a comment or a blank line', () => {
    const base = text('a');
    const mine = text('# Logs', '*.log', '', 'a', 'a', '');
    expect(mergeLineSets(base, mine, text('a', '', '# Logs', '*.log', '', ''))).toBe(mine);
  });

  it('keeps line ends, a byte order mark and a missing final newline', () => {
    expect(mergeLineSets('a\n', `${BOM}a\r\nown\r\nb`, 'a\nb\nc\n')).toBe(`${BOM}a\r\nown\r\nb\r\nc`);
    expect(mergeLineSets('a\n', 'own\r\na\r\n', 'a\nc\n')).toBe('own\r\na\r\nc\r\n');
    expect(mergeLineSets('a\n', '', 'a\nc\n')).toBe('c\n');
  });

  it('is mine where theirs changed nothing, and theirs where mine changed nothing', () => {
    const any = texts(['a', 'b', '', '# c', '!d'], 10, ['\n', '\r\n']);
    fc.assert(
      fc.property(any, any, (before, other) => {
        expect(mergeLineSets(before, other, before)).toBe(other);
        expect(mergeLineSets(before, before, other)).toBe(other);
      }),
      { numRuns: 1000, seed: SEED },
    );
  });

  it('is the set of mine with the additions of theirs and without what theirs dropped', () => {
    const any = texts(['a', 'b', 'c', '', '# d'], 10);
    const own = texts(['a', 'b', 'c', '', '# d', 'own', '# own'], 10, ['\n', '\r\n']);
    const set = (of: string) => new Set(normalise(of).split('\n').filter(Boolean));
    fc.assert(
      fc.property(any, own, any, (before, mine, theirs) => {
        fc.pre(before !== mine);
        const [inBase, inMine, inTheirs] = [set(before), set(mine), set(theirs)];
        const expected = [
          ...[...inMine].filter((line) => !inBase.has(line) || inTheirs.has(line)),
          ...[...inTheirs].filter((line) => !inBase.has(line) && !inMine.has(line)),
        ];
        const merged = mergeLineSets(before, mine, theirs);
        expect([...set(merged)].sort()).toEqual(expected.sort());
        const kept = (of: string) =>
          normalise(of)
            .split('\n')
            .filter((line) => line.includes('own'));
        expect(kept(merged)).toEqual(kept(mine));
      }),
      { numRuns: 1000, seed: SEED },
    );
  });
});
