import { describe, expect, it } from 'vitest';

import type { EndpointAnswer } from '../../src/answers/answers.ts';
import { contextOf } from '../../src/render/context.ts';
import { exportedName } from '../../src/render/handlers.ts';
import { endpointsProblem, moreSpecificFirst, newNameProblem, withEndpointDefaults } from '../../src/answers/endpoints.ts';
import { answersWith } from '../support/answers.ts';

const one = (more: Partial<EndpointAnswer>) => withEndpointDefaults({ name: 'backups', ...more });
const two = (a: [EndpointAnswer['method'], string], b: [EndpointAnswer['method'], string]) => [
  withEndpointDefaults({ name: 'one', method: a[0], path: a[1] }),
  withEndpointDefaults({ name: 'two', method: b[0], path: b[1] }),
];

describe('an endpoint', () => {
  it('has what follows from its name', () => {
    expect(one({ method: 'POST' })).toEqual({
      name: 'backups',
      method: 'POST',
      path: '/backups',
      action: 'backups.create',
      description: 'Backups',
    });
  });

  it.each([
    [{ name: 'Backups' }, /needs a name/],
    [{ path: '/bind' }, /Tsuru reserves "bind"/],
    [{ path: '/bind-app/x' }, /Tsuru reserves "bind-app"/],
    [{ path: '/bind-job' }, /Tsuru reserves "bind-job"/],
    [{ path: '/binds/jobs/x' }, /Tsuru reserves "binds"/],
    [{ path: '/status' }, /Tsuru reserves "status"/],
    [{ path: '/' }, /no empty segments/],
    [{ path: '' }, /starts with "\/"/],
    [{ path: '/a//b' }, /no empty segments/],
    [{ path: '/a/../b' }, /neither a plain word nor a \{parameter\}/],
    [{ path: '/a/{b' }, /neither/],
    [{ path: '/{a}/{a}' }, /the same parameter twice/],
    [{ action: 'Backups.Create' }, /the action/],
    [{ action: 'a..b' }, /the action/],
    [{ description: 'a */ b' }, /without "\*\/"/],
    [{ scope: 'service', path: '/resources/x' }, /with the scope "service" a path starts with a word/],
    [{ scope: 'service', path: '/authenticated-resources' }, /with the scope "service"/],
    [{ scope: 'service', path: '/healthcheck' }, /with the scope "service"/],
    [{ scope: 'service', path: '/metrics' }, /with the scope "service"/],
    [{ scope: 'service', path: '/{a}/x' }, /with the scope "service"/],
    [{ scope: 'service', action: 'backups.show' }, /only endpoints of the scope "instance" have one/],
    [{ scope: 'authenticated', action: 'backups.show' }, /only endpoints of the scope "instance" have one/],
  ] as [Partial<EndpointAnswer>, RegExp][])('with %j is refused', (more, message) => {
    expect(endpointsProblem([one(more)], 'fastify')).toMatch(message);
  });

  it('of the service has no action, and may have a path that Tsuru reserves below an instance', () => {
    for (const scope of ['service', 'authenticated'] as const) {
      expect(one({ scope })).toMatchObject({ scope, action: '' });
      expect(endpointsProblem([one({ scope, path: '/status' })], 'fastify')).toBeUndefined();
    }
    expect(endpointsProblem([one({ scope: 'authenticated', path: '/{a}' })], 'fastify')).toBeUndefined();
    expect(withEndpointDefaults({ name: 'backups', scope: 'instance' })).toEqual(one({}));
  });

  it('may have the method and path of one with another scope, and not of one with the same', () => {
    const [a, b] = two(['GET', '/x'], ['GET', '/x']).map((endpoint) => ({ ...endpoint, action: '' }));
    const withScopes = (first: 'service' | 'authenticated', second: 'service' | 'authenticated') =>
      endpointsProblem([{ ...(a as EndpointAnswer), scope: first }, { ...(b as EndpointAnswer), scope: second }], 'fastify');
    expect(withScopes('service', 'authenticated')).toBeUndefined();
    expect(withScopes('service', 'service')).toMatch(/are the same/);
  });

  it('of the method HEAD is refused for Hono only', () => {
    expect(endpointsProblem([one({ method: 'HEAD' })], 'hono')).toMatch(/Hono answers/);
    expect(endpointsProblem([one({ method: 'HEAD' })], 'express')).toBeUndefined();
  });

  it.each([
    [['GET', '/{a}/x'], ['GET', '/y/{b}'], /"one" and "two" overlap/],
    [['GET', '/a/{x}'], ['GET', '/a/{y}'], /are the same/],
    [['GET', '/a/{x}'], ['HEAD', '/{y}/b'], /overlap/],
  ] as const)('%j is refused beside %j', (a, b, message) => {
    expect(endpointsProblem(two([...a], [...b]), 'fastify')).toMatch(message);
  });

  it.each([
    [
      ['GET', '/a/{x}'],
      ['GET', '/a/b'],
    ],
    [
      ['GET', '/a/{x}'],
      ['POST', '/{y}/b'],
    ],
    [
      ['GET', '/a'],
      ['GET', '/a/b'],
    ],
    [
      ['GET', '/a'],
      ['HEAD', '/a'],
    ],
  ] as const)('%j stands beside %j', (a, b) => {
    expect(endpointsProblem(two([...a], [...b]), 'fastify')).toBeUndefined();
  });

  it('is routed before those that are less specific, whatever its name', () => {
    const paths: [string, EndpointAnswer['method'], string][] = [
      ['a', 'GET', '/x/{id}'],
      ['b', 'GET', '/{kind}/{id}'],
      ['c', 'GET', '/x/all'],
      ['d', 'HEAD', '/x/all'],
    ];
    const endpoints = paths.map(([name, method, path]) => withEndpointDefaults({ name, method, path }));
    expect(endpointsProblem(endpoints, 'express')).toBeUndefined();
    expect(moreSpecificFirst(endpoints).map(({ name }) => name)).toEqual(['d', 'c', 'a', 'b']);
  });

  it('needs a name and an action that no other has', () => {
    expect(endpointsProblem([one({}), one({ path: '/b', action: 'c' })], 'fastify')).toMatch(/^Two endpoints have the same name: "[^"]+"\.$/);
    expect(endpointsProblem([one({}), one({ name: 'b', path: '/b', action: 'backups.show' })], 'fastify')).toMatch(
      /the same action/,
    );
  });

  it('exports its handler under the name that it always had, where that could be one', () => {
    expect(['usage', 'pg-dump', 'a-1-b', 'test', 'endpoints', 'call'].map(exportedName)).toEqual([
      ...['usage', 'pgDump', 'a1B', 'test', 'endpoints', 'call'],
    ]);
    expect(['delete', 'eval', 'global-this', 'then'].map(exportedName)).toEqual([
      ...['deleteHandler', 'evalHandler', 'globalThisHandler', 'thenHandler'],
    ]);
  });

  it('is imported under a name of its own, and has its own operation in the OpenAPI document', () => {
    const endpoints = ['v-1', 'v1', 'eval', 'eval-handler', 'endpoints', 'usage'].map((name) =>
      withEndpointDefaults({ name, path: `/${name}` }),
    );
    const context = contextOf(answersWith({ endpoints }), '0.0.0');
    const names = (key: 'imported' | 'operationId') =>
      Object.fromEntries(context.endpoints.map((endpoint) => [endpoint.name, endpoint[key]]));
    expect(names('imported')).toEqual({
      ...{ 'v-1': 'handle_v_1', v1: 'handle_v1', eval: 'handle_eval', 'eval-handler': 'handle_eval_handler' },
      ...{ endpoints: 'handle_endpoints', usage: 'usage' },
    });
    expect(names('operationId')).toEqual({
      ...{ 'v-1': 'v-1', v1: 'v1', eval: 'eval', 'eval-handler': 'evalHandler', endpoints: 'endpoints', usage: 'usage' },
    });
  });

  it.each(['con', 'nul', 'aux', 'com1', 'x'.repeat(101)])('that is new cannot be named %s, which not every file system can have as a file', (name) => {
    expect(newNameProblem(name)).toMatch(/Windows|at most 100/);
    expect(newNameProblem(`${name.slice(0, 50)}-x`)).toBeUndefined();
    // A project that has it goes on.
    expect(endpointsProblem([one({ name })], 'fastify')).toBeUndefined();
  });
});
