import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ExpectedError } from '../../src/errors.ts';
import { isLocal, parseManifest, withPassword, type ManifestProblem } from '../../src/tsuru/manifest.ts';
import { readConversations, type Conversation } from '../sandbox/support/recording.ts';
import { STRICTER, TAKEN, WRONG } from './support/manifests.ts';

const lineOf = ({ line, field, message }: ManifestProblem) => `${line}: ${field && `${field}: `}${message}`;

describe('a manifest is read as the client of Tsuru reads it, and is right:', () => {
  it.each(TAKEN)('$name', ({ text, client }) => {
    expect(parseManifest(text)).toEqual({ manifest: client, problems: [] });
  });
});

describe('every problem of a manifest is told by its line:', () => {
  it.each(WRONG)('$name', ({ text, client, problems }) => {
    const read = parseManifest(text);
    expect(read.problems.map(lineOf)).toEqual(problems);
    // Exactly what the client cannot read is told to be unreadable; all else is read as the client reads it.
    expect(read.problems.some(({ isUnread }) => isUnread)).toBe(typeof client === 'string');
    if (typeof client !== 'string') expect(read.manifest).toEqual(client);
  });

  it.each(STRICTER)('$name, although the client reads it', ({ text, problems }) => {
    const read = parseManifest(text);
    expect(read.problems.map(lineOf)).toEqual(problems);
    expect(read.problems.every(({ isUnread }) => isUnread)).toBe(true);
  });

  it('never with the password', () => {
    const told = [...WRONG, ...STRICTER].flatMap(({ text }) => parseManifest(text).problems.map(lineOf));
    expect(told.filter((line) => line.includes('secret'))).toEqual([]);
  });

  it('without end neither for many nor for endless ones', () => {
    const doubled = Array.from({ length: 40 }, (_, index) => `k${index + 1}: &k${index + 1} {<<: [*k${index}, *k${index}]}\n`).join('');
    const { problems } = parseManifest(`k0: &k0 {id: my-db}\n${doubled}<<: *k40\n`);
    expect(problems.filter(({ field }) => field === '<<').map(({ message }) => message)).toEqual(['Only mappings can be merged, a few of them, and none into itself.']);
    expect(parseManifest('x: y\n'.repeat(5000)).problems).toHaveLength(100);
  });
});

describe('the credentials of the service', () => {
  const manifest = 'id: my-db\npassword: secret\nendpoint: {production: "http://x"}\n';

  it('are those of the manifest', () => {
    expect(parseManifest(manifest, { username: 'my-db', password: 'secret' }).problems).toEqual([]);
    const { problems } = parseManifest(`username: me\n${manifest}`, { username: 'you', password: 'other' });
    expect(problems.map(lineOf)).toEqual([
      '1: username: It is not SERVICE_USERNAME, which the service takes: all calls of Tsuru would get a 401. Both must be the same.',
      '3: password: It is not SERVICE_PASSWORD, which the service takes: all calls of Tsuru would get a 401. Both must be the same.',
    ]);
  });

  it('are compared with the id if there is no user name', () => {
    const { problems } = parseManifest(manifest, { username: 'you' });
    expect(problems.map(({ field }) => field)).toEqual(['username']);
  });

  it('give a password to a manifest without one', () => {
    for (const text of [manifest.replace('secret', '""'), manifest.replace('password: secret\n', '')]) {
      const read = parseManifest(text, { password: 'given' });
      expect([read.manifest.password, read.problems]).toEqual(['given', []]);
    }
    const { problems } = parseManifest(manifest.replace('secret', ''), { password: 'given\n' });
    expect(problems.map(lineOf)).toEqual(['2: password: It must be one line without control characters.']);
  });
});

/** A run of the client, with the files that it read and its exit code. */
interface ClientRun extends Conversation {
  files?: Record<string, string>;
  stdin?: string;
  exit: number;
}

describe('recorded runs of the client show the same:', () => {
  const recorded = readConversations(new URL('../sandbox/fixtures/conversations.json', import.meta.url)) as ClientRun[];
  const runs = recorded.flatMap((run) => {
    const [tsuru, service, verb] = run.command;
    const text = Object.values(run.files ?? {})[0] ?? run.stdin;
    if (tsuru !== 'tsuru' || service !== 'service' || (verb !== 'create' && verb !== 'update') || text === undefined) return [];
    // The names of servers stand for hosts.
    return [{ id: run.id, text: text.replaceAll(/<(?!service-password)[\w:-]+>/g, 'host'), api: run.api, exit: run.exit }];
  });

  it('there are some', () => {
    expect(runs.length).toBeGreaterThan(15);
  });

  it.each(runs)('$id', ({ text, api, exit }) => {
    const { problems } = parseManifest(text);
    const [call] = api;
    expect(problems.some(({ isUnread }) => isUnread)).toBe(call === undefined);
    if (exit === 0) expect(problems).toEqual([]);
    // What Tsuru refuses for its team, its rights or what else it has is not in the manifest.
    else if (/required|Invalid/.test(String(call?.response.body))) expect(problems).toHaveLength(1);
  });
});

describe('another password', () => {
  const NEW = 'a"b\\c: #é😀';
  const WRITTEN = JSON.stringify(NEW);

  it.each([
    ['in quotes', '# a\nid: my-db # b\npassword: "" # c\nteam: x\n', `# a\nid: my-db # b\npassword: ${WRITTEN} # c\nteam: x\n`],
    ['without quotes, CRLF and a byte order mark', '\ufeffid: my-db\r\npassword:   old   \r\nteam: x\r\n', `\ufeffid: my-db\r\npassword:   ${WRITTEN}   \r\nteam: x\r\n`],
    ['an empty one', 'id: my-db\npassword: # c\nteam: x\n', `id: my-db\npassword: ${WRITTEN} # c\nteam: x\n`],
    ['an empty one at the end', 'id: my-db\npassword:', `id: my-db\npassword: ${WRITTEN}`],
    ['of several lines', 'id: my-db\npassword: |\n  a\n  b\n\nteam: x\n', `id: my-db\npassword: ${WRITTEN}\n\nteam: x\n`],
    ['over two lines', 'password: a\n  b\nid: my-db\n', `password: ${WRITTEN}\nid: my-db\n`],
    ['a list in braces', 'password: [a,\n b]\nid: my-db\n', `password: ${WRITTEN}\nid: my-db\n`],
    ['in braces', '{ id: my-db, password: old, team: x }', `{ id: my-db, password: ${WRITTEN}, team: x }`],
    ['in JSON', '{"id":"my-db","password":"old"}', `{"id":"my-db","password":${WRITTEN}}`],
    ['twice', 'password: a\nid: my-db\npassword: b\n', `password: a\nid: my-db\npassword: ${WRITTEN}\n`],
    ['an alias', 'id: &a my-db\npassword: *a\n', `id: &a my-db\npassword: ${WRITTEN}\n`],
    ['with an anchor', 'id: my-db\npassword: &p old\n', `id: my-db\npassword: &p ${WRITTEN}\n`],
    ['with an explicit key', '? password\n: old\n? id\n: my-db\n', `? password\n: ${WRITTEN}\n? id\n: my-db\n`],
    ['missing', '# a\n\nid: my-db # b\n# c\n', `# a\n\npassword: ${WRITTEN}\nid: my-db # b\n# c\n`],
    ['missing, CRLF and indentation', '---\r\n  id: my-db\r\n  team: x\r\n', `---\r\n  password: ${WRITTEN}\r\n  id: my-db\r\n  team: x\r\n`],
    ['missing in braces', '{id: my-db}', `{password: ${WRITTEN}, id: my-db}`],
    ['of empty braces', '{}', `{password: ${WRITTEN}}`],
    ['of an empty file', '', `password: ${WRITTEN}\n`],
    ['of comments', '# a', `# a\npassword: ${WRITTEN}\n`],
  ])('replaces the old one, and nothing else: %s', (_, text, wanted) => {
    expect(withPassword(text, NEW)).toBe(wanted);
    expect(parseManifest(wanted).manifest.password).toBe(NEW);
  });

  it('can be any text, in any manifest that is right and has its own', () => {
    const own = TAKEN.filter(({ text }) => !text.includes('<<'));
    fc.assert(
      fc.property(fc.constantFrom(...own), fc.string({ unit: 'grapheme' }).filter((password) => !/\p{Cc}|[\u2028\u2029\ufffd\ufffe\uffff]|^$/u.test(password)), ({ text }, password) => {
        const { manifest, problems } = parseManifest(withPassword(text, password));
        expect({ manifest, problems }).toEqual({ manifest: { ...parseManifest(text).manifest, password }, problems: [] });
      }),
    );
  });

  it('leaves a manifest as it is that has it already', () => {
    const text = 'id: my-db\npassword: &p old\nusername: *p\n';
    expect(withPassword(text, 'old')).toBe(text);
  });

  it.each([
    ['another field takes the old one by an alias', 'password: &p old\nid: *p\n'],
    ['a merge replaces it', 'x: &x {password: old}\nid: my-db\n<<: *x\n'],
    ['it is a list', 'password:\n- old\nid: my-db\n'],
    ['the manifest is a list', '- a\n'],
    ['the manifest is not YAML', 'id: [x\n'],
    ['a tag changes it', 'password: !!binary b2xk\n'],
    ['the manifest is too large', `id: ${'x'.repeat(100_000)}\n`],
  ])('is refused where %s', (_, text) => {
    expect(() => withPassword(text, NEW)).toThrow(ExpectedError);
  });
});

describe('whatever a manifest is', () => {
  const PIECES = ['[', '{', '}', '- ', 'a: ', '? ', '"', "'", '\n', ' ', '\t', '|\n', '&a ', '*a ', '*a\n', '<<: *a\n', '<<: {}\n', '&a [*a]', '!!x ', 'password: ', 'id: x\n', 'a: &a b\n', '---\n', '%', '# ', '\\u', '\0', '\ufffd', '\ud800', '\r', 'é😀'];

  it.each(PIECES)('it is read to its end: 30 kB and 100 kB of %j', (piece) => {
    for (const size of [30_000, 100_000]) {
      const text = piece.repeat(Math.ceil(size / piece.length));
      const { problems } = parseManifest(text);
      expect(problems.length).toBeGreaterThan(0);
      expect(() => withPassword(`${text}\n- [`, 'new')).toThrow(ExpectedError);
    }
  });

  it('reading it throws nothing, and a password is in it or refused', () => {
    const text = fc.array(fc.oneof(fc.constantFrom(...PIECES, 'password', 'endpoint:\n  ', ': ', 'production: http://x\n', 'multi-cluster: '), fc.string()), { maxLength: 12 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, (given) => {
        const before = parseManifest(given).manifest;
        try {
          expect(parseManifest(withPassword(given, 'new')).manifest).toEqual({ ...before, password: 'new' });
        } catch (error) {
          if (!(error instanceof ExpectedError)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('an endpoint', () => {
  it.each(['http://localhost:8888', 'localhost', 'https://LOCALHOST/base', 'http://127.0.0.1', '127.1.2.3:80', 'http://0.0.0.0:80', 'http://[::1]:80', 'http://[::]'])('on this machine is told apart: %s', (url) => {
    expect(isLocal(url)).toBe(true);
  });

  it.each(['http://localhost.example.com', 'http://my-localhost', 'http://10.0.0.1', 'https://my-db.example.com/localhost', 'http://127.example.com'])('elsewhere is not: %s', (url) => {
    expect(isLocal(url)).toBe(false);
  });
});
