import { describe, expect, it } from 'vitest';

import { withoutPassword } from '../../src/tsuru/access.ts';

const address = new URL('http://127.0.0.1');

describe('the password of a service', () => {
  const access = { address, username: 'svc', password: 'a "sécret"/of\nmine' };
  it.each([
    ['plain', access.password],
    ['in base64', Buffer.from(access.password).toString('base64')],
    ['in the Authorization header', Buffer.from(`svc:${access.password}`).toString('base64')],
    ['in a URL', encodeURIComponent(access.password)],
    ['in a URL, in lower case', encodeURIComponent(access.password).replace(/%../g, (escape) => escape.toLowerCase())],
    ['in a form', String(new URLSearchParams({ x: access.password })).slice(2)],
    ['in JSON', JSON.stringify(access.password).slice(1, -1)],
    ['in JSON of ASCII only', JSON.stringify(access.password).slice(1, -1).replace('é', '\\u00e9')],
  ])('is hidden %s', (_, form) => {
    expect(withoutPassword(`before ${form} after`, access)).toBe('before *** after');
  });

  it('is hidden as Go writes it in a form and in HTML', () => {
    const signs = { address, username: 'svc', password: `a*b~c!d'e(f)g h&i<j>k"l` };
    for (const form of ['a%2Ab~c%21d%27e%28f%29g+h%26i%3Cj%3Ek%22l', 'a%2ab~c%21d%27e%28f%29g+h%26i%3cj%3ek%22l', 'a*b~c!d&#39;e(f)g h&amp;i&lt;j&gt;k&#34;l']) {
      expect(withoutPassword(`before ${form} after`, signs)).toBe('before *** after');
    }
  });

  it('of three characters is hidden where it is encoded with the user name, and left where it is part of any text', () => {
    const short = { address, username: 'svc', password: 'abc' };
    const credentials = Buffer.from('svc:abc').toString('base64');
    expect(withoutPassword(`Basic ${credentials} alphabet abc`, short)).toBe('Basic *** alphabet abc');
  });
});
