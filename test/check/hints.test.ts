import { describe, expect, it } from 'vitest';

import { hintFor } from '../../src/check/report/hints.ts';
import { Calls } from '../../src/tsuru/calls.ts';
import { createCall, sentBy } from './made-results.ts';

/** A reply of each kind of framework. */
const REPLIES = {
  Werkzeug: { headers: { server: 'Werkzeug/3.1.3 Python/3.12.3' } },
  Gunicorn: { headers: { server: 'gunicorn' } },
  Waitress: { headers: { server: 'waitress' } },
  Uvicorn: { headers: { server: 'uvicorn' } },
  Express: { headers: { 'x-powered-by': 'Express' } },
  Rails: { headers: { 'x-runtime': '0.004' } },
  Go: { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: '404 page not found\n' },
  nginx: { headers: { server: 'nginx' } },
};

const hintOf = (id: string, framework: keyof typeof REPLIES, status = 415, call = createCall('json')) => {
  const culprit = sentBy(call, { status });
  return hintFor({ id }, culprit, [culprit, sentBy(createCall(), { status: 200, ...REPLIES[framework] })]);
};

describe('the hints', () => {
  it.each([
    ['Werkzeug', 'WSGI', 'get_json'],
    ['Gunicorn', 'WSGI', 'get_json'],
    ['Waitress', 'WSGI', 'get_json'],
    ['Uvicorn', 'ASGI', 'request.json()'],
    ['Express', 'Express', 'express.urlencoded({ extended: false })'],
    ['Rails', 'Rack', 'params'],
    ['Go', 'Go', 'json.NewDecoder'],
  ] as const)('tell how to read both encodings with %s', (framework, stack, text) => {
    const hint = hintOf('create.success', framework);
    expect(hint?.stack).toBe(stack);
    expect(hint?.text).toContain(text);
  });

  it('are none for an unknown framework', () => {
    expect(hintOf('create.success', 'nginx')).toBeUndefined();
  });

  it.each([
    ['http.redirect', 404, '/resources/'],
    ['http.redirect-kept', 404, '/resources/'],
    ['http.plain-errors', 404, 'errorhandler'],
    ['auth.missing', 200, 'before_request'],
    ['bind-job.success', 405, 'methods=["PUT", "DELETE"]'],
    ['bind-app.success', 201, 'str(port)'],
    ['unbind-app.success', 500, 'DELETE'],
    ['proxy.dot-segments', 200, 'RAW_URI'],
  ])('tell what matters for %s', (id, status, text) => {
    expect(hintOf(id, 'Werkzeug', status)?.text).toContain(text);
  });

  it('do not blame the encoding for special values', () => {
    expect(hintOf('create.tags', 'Werkzeug', 500)).toBeUndefined();
    expect(hintOf('create.tags', 'Werkzeug', 415)).toBeDefined();
  });

  it('do not blame the body of a request without one', () => {
    const plans = new Calls('form', { user: '', id: '' }, {}).plans();
    expect(hintOf('plans.readable', 'Werkzeug', 500, plans)).toBeUndefined();
  });
});
