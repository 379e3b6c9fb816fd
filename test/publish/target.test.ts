import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ExpectedError } from '../../src/errors.ts';
import { readLogin } from '../../src/publish/target.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'home-'));
});

afterEach(() => {
  rmSync(home, { recursive: true });
});

const has = (path: string, text: string) => {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), text);
};

const TARGETS = 'a\thttp://a.example\nb\thttps://b.example/tsuru/\nplain\tc.example:8080\nbroken line\n';

/** The address and the token, or why there is none. */
function login(given: string | undefined, environment: NodeJS.ProcessEnv = {}): string {
  try {
    const { address, token } = readLogin(given, { HOME: home, ...environment });
    return `${address.href} ${token}`;
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    return `${error.exitCode}: ${error.message}`;
  }
}

const openId = (token: string) => JSON.stringify({ scheme: 'oidc', oauth2_token: { access_token: token, refresh_token: 'r' }, oauth2_config: {} });

describe('the target', () => {
  beforeEach(() => {
    has('.tsuru/targets', TARGETS);
  });

  it('is that of the option, else that of the environment, else the current one, as a URL or a label', () => {
    has('.tsuru/target', 'http://a.example\n');
    const token = { TSURU_TOKEN: 't' };
    expect(login(undefined, token)).toBe('http://a.example/ t');
    expect(login(undefined, { ...token, TSURU_TARGET: 'b' })).toBe('https://b.example/tsuru t');
    expect(login('plain', { ...token, TSURU_TARGET: 'b' })).toBe('http://c.example:8080/ t');
    expect(login('https://other.example/', token)).toBe('https://other.example/ t');
    expect(login('unknown', token)).toBe('http://unknown/ t');
  });

  it('is never that of files in the current directory, which without a home directory are taken for those of the user', () => {
    has('.tsuru/target', 'http://a.example\n');
    const previous = process.cwd();
    process.chdir(home);
    try {
      for (const HOME of ['', '.']) {
        expect(login(undefined, { HOME, TSURU_TOKEN: 't' })).toBe('4: There is no target.');
        expect(login('a', { HOME, TSURU_TOKEN: 't' })).toBe('http://a/ t');
      }
    } finally {
      process.chdir(previous);
    }
  });

  it('is that of the files of older clients, if there are no others', () => {
    rmSync(join(home, '.tsuru'), { recursive: true });
    has('.tsuru_target', 'http://old.example');
    has('.tsuru_targets', 'old\thttp://old.example\n');
    expect(login(undefined, { TSURU_TOKEN: 't' })).toBe('http://old.example/ t');
    expect(login('old', { TSURU_TOKEN: 't' })).toBe('http://old.example/ t');
  });

  it.each(['http://user:secret@a.example', 'http://a.example?x=1', 'http://', 'ftp://a b'])('cannot be %j, which is not quoted', (target) => {
    expect(login(target, { TSURU_TOKEN: 't' })).toBe('4: The target is not the URL of a Tsuru.');
  });

  it('may be missing', () => {
    expect(login(undefined, { TSURU_TOKEN: 't' })).toBe('4: There is no target.');
    expect(login(undefined, { TSURU_TOKEN: 't', HOME: '/nowhere' })).toBe('4: There is no target.');
  });
});

describe('the token', () => {
  beforeEach(() => {
    has('.tsuru/targets', TARGETS);
    has('.tsuru/target', 'http://a.example');
  });

  it('is that of the environment, else that of the label of the target, else that of the last login', () => {
    has('.tsuru/token', 'last');
    expect(login(undefined, { TSURU_TOKEN: 'given' })).toBe('http://a.example/ given');
    expect(login(undefined)).toBe('http://a.example/ last');
    has('.tsuru/token.d/a', 'of-a');
    has('.tsuru/token.d/b', 'of-b\n');
    expect(login(undefined)).toBe('http://a.example/ of-a');
    expect(login('b')).toBe('https://b.example/tsuru of-b');
    expect(login('https://b.example/tsuru')).toBe('https://b.example/tsuru of-b');
  });

  it('is never one that was stored for another target', () => {
    has('.tsuru/token', 'last');
    has('.tsuru/token.d/a', 'of-a');
    expect(login('plain')).toBe('4: There is no token for http://c.example:8080/.');
    expect(login('https://a.example')).toBe('4: There is no token for https://a.example/.');
    expect(login('http://a.example:81')).toBe('4: There is no token for http://a.example:81/.');
    // The login was to a, and the target was changed afterwards.
    has('.tsuru/token', 'of-a');
    has('.tsuru/target', 'c.example:8080');
    expect(login(undefined)).toBe('4: There is no token for http://c.example:8080/.');
  });

  it('of a login by OpenID Connect comes before the others', () => {
    has('.tsuru/token.d/a', 'of-a');
    has('.tsuru/token-v2.json', openId('open'));
    expect(login(undefined)).toBe('http://a.example/ open');
    has('.tsuru/token-v2.d/a.json', openId('open-a'));
    expect(login(undefined)).toBe('http://a.example/ open-a');
    has('.tsuru/token-v2.json', openId('open-a'));
    has('.tsuru/target', 'https://b.example/tsuru');
    has('.tsuru/token.d/b', 'of-b');
    expect(login(undefined)).toBe('https://b.example/tsuru of-b');
    has('.tsuru/token-v2.d/b.json', '{"scheme":"native"}');
    expect(login(undefined)).toBe('https://b.example/tsuru of-b');
  });

  it('cannot have characters that no header has, and is not quoted then', () => {
    expect(login(undefined, { TSURU_TOKEN: 'a\nb' })).toBe('4: The token has a character that no token has.');
  });

  it('may be unreadable', () => {
    mkdirSync(join(home, '.tsuru/token'));
    expect(login(undefined)).toMatch(/^4: .*token cannot be read: EISDIR/);
  });
});
