import { describe, expect, it } from 'vitest';

import { readConfig } from '../../src/tsuru/config.js';

const complete = { SERVICE_USERNAME: 'svc', SERVICE_PASSWORD: 'a password of some length' };

describe('the configuration', () => {
  it('needs only a user name and a password', () => {
    expect(readConfig(complete)).toMatchObject({ port: 8888, basePath: '', refuseProxied: true, username: 'svc' });
  });

  it.each(['SERVICE_USERNAME', 'SERVICE_PASSWORD'])('fails closed without %s', (name) => {
    expect(() => readConfig({ ...complete, [name]: undefined })).toThrow(`${name} is missing`);
    expect(() => readConfig({ ...complete, [name]: '' })).toThrow(`${name} is empty`);
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
});
