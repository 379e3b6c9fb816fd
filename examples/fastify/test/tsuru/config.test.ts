import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { readConfig as read } from '../../src/tsuru/config.js';

const readConfig = (variables: Record<string, string | undefined>) => read(variables, z.object({})).config;

/** Not every store needs a URL. */
const complete = {
  SERVICE_USERNAME: 'svc',
  SERVICE_PASSWORD: 'a password of some length',
  STORE_URL: 'postgres://db.example.com/store',
};

describe('the configuration', () => {
  it('needs only a user name, a password and a store', () => {
    expect(readConfig(complete)).toMatchObject({ port: 8888, basePath: '', refuseProxied: true, username: 'svc' });
  });

  it.each(['SERVICE_USERNAME', 'SERVICE_PASSWORD'])('fails closed without %s', (name) => {
    expect(() => readConfig({ ...complete, [name]: undefined })).toThrow(`${name} is missing`);
    expect(() => readConfig({ ...complete, [name]: '' })).toThrow(`${name} is empty`);
  });

  it('has no old password unless one is set', () => {
    expect([undefined, '', 'old'].map((old) => readConfig({ ...complete, SERVICE_OLD_PASSWORD: old }).oldPassword)).toEqual([
      '',
      '',
      'old',
    ]);
  });

  it('names every invalid variable, but no value', () => {
    const wrong = { ...complete, PORT: 'hush', BASE_PATH: 'hush/', REFUSE_PROXIED_CALLS: 'hush', LOG_LEVEL: 'hush' };
    let message = '';
    try {
      readConfig(wrong);
    } catch (error) {
      message = String(error);
    }
    for (const name of ['PORT', 'BASE_PATH', 'REFUSE_PROXIED_CALLS', 'LOG_LEVEL']) expect(message).toContain(name);
    expect(message).not.toContain('hush');
  });

  it('accepts a name for the request-id header, except that of a header with a secret', () => {
    expect(readConfig(complete)).toMatchObject({ requestIdHeader: 'x-request-id' });
    expect(readConfig({ ...complete, REQUEST_ID_HEADER: 'X-Trace' })).toMatchObject({ requestIdHeader: 'x-trace' });
    for (const name of ['', 'a b', 'x:y', 'Authorization', 'X-Tsuru-Cluster-Kube-Config']) {
      expect(() => readConfig({ ...complete, REQUEST_ID_HEADER: name })).toThrow('REQUEST_ID_HEADER');
    }
  });

  it('includes the settings of the owner, coerced, and nothing else', () => {
    const schema = z.object({ VENDOR_LIMIT: z.coerce.number().default(3), VENDOR_URL: z.url() });
    const variables = { ...complete, VENDOR_URL: 'https://vendor.example.com', OTHER: 'x' };
    expect(read(variables, schema).settings).toEqual({ VENDOR_LIMIT: 3, VENDOR_URL: 'https://vendor.example.com' });
  });

  it('names the invalid variables of both schemas together, and no value', () => {
    const broken = z.string().transform((): string => {
      throw new SyntaxError('unexpected token in hush');
    });
    const schemas = [z.object({ VENDOR_URL: z.url(), VENDOR_KEY: z.string(), VENDOR_NAME: z.string().min(1) }), z.object({ VENDOR_URL: broken })];
    const messages = schemas.map((schema) => {
      try {
        return read({ ...complete, PORT: 'hush', VENDOR_URL: 'hush', VENDOR_NAME: '' }, schema).config.host;
      } catch (error) {
        return String(error);
      }
    });
    expect(messages[0]).toMatch(/PORT must be a number[^]*VENDOR_URL Invalid URL[^]*VENDOR_KEY is missing\s+VENDOR_NAME is empty/);
    expect(messages[1]).toMatch(/PORT must be a number[^]*its schema throws SyntaxError/);
    expect(messages.join('')).not.toContain('hush');
  });
});
