import { describe, expect, it } from 'vitest';

import type { ApiRequest } from '../../src/sandbox/http/request.ts';
import { routerOf } from '../../src/sandbox/http/router.ts';
import { parseValues } from '../../src/sandbox/http/values.ts';
import { ROUTES } from '../../src/sandbox/routes.ts';
import { commandOf } from '../../src/sandbox/tsuru-command.ts';
import { readConversations } from './support/recording.ts';

const find = routerOf(ROUTES);
const FORM = 'application/x-www-form-urlencoded';

function commandFor(method: string, target: string, body = '', type = FORM): string | undefined {
  const [path = '', rawQuery = ''] = target.split('?');
  const match = find(method, decodeURIComponent(path));
  if (match === undefined) throw new Error(`There is no route for ${method} ${path}`);
  const { params, route, version } = match;
  const shown: Partial<ApiRequest> = {
    ...{ method, params, version, rawQuery, route: route.path, query: parseValues(rawQuery) },
    ...{ body: Buffer.from(body), contentType: type, mediaType: type },
  };
  return commandOf(shown as ApiRequest);
}

/** Commands that say all that their last request does; others say only what changes, or read a file. */
const WHOLE = /^tsuru (service instance (add|bind|unbind|info)|app remove)/;

const recorded = readConversations(new URL('fixtures/conversations.json', import.meta.url)).flatMap(({ id, command, api }) => {
  const last = api.at(-1);
  return last === undefined || (last.response.status ?? 500) >= 400 || !WHOLE.test(command.join(' ')) ? [] : [{ id, command, last }];
});

describe('the command for a request', () => {
  it.each(recorded)('is the recorded one: $id', ({ command, last: { request } }) => {
    const { method, path, headers, body } = request;
    const made = commandFor(method, path, body, headers['Content-Type']) ?? '';
    expect(made.replaceAll("'", '').split(' ').toSorted()).toEqual(command.join(' ').split(' ').toSorted());
  });

  it('is quoted for a shell', () => {
    const body = new URLSearchParams({ name: 'i1', planname: '$(id)', description: "it's", 'parameters.a\\.b': '`x`' }).toString();
    expect(commandFor('POST', '/1.0/services/db/instances', body)).toBe(
      `tsuru service instance add db i1 '$(id)' -d 'it'\\''s' --plan-param 'a.b=\`x\`'`,
    );
  });

  it('sets all that an update does', () => {
    const body = JSON.stringify({ description: 'new', plan: 'large', teamowner: 'team1', tags: ['a', 'b'], parameters: { size: '2' } });
    expect(commandFor('PUT', '/1.0/services/db/instances/i1', body, 'application/json')).toBe(
      'tsuru service instance update db i1 -d new -p large -t team1 -g a -g b --plan-param size=2',
    );
  });

  it('is missing where the client has none: parameters of a bind, nested ones, and the proxy', () => {
    expect(commandFor('PUT', '/1.13/services/db/instances/i1/apps/app1', 'parameters.ssl=yes')).toBe(undefined);
    expect(commandFor('POST', '/1.0/services/db/instances', 'name=i1&parameters.deep.er=1')).toBe(undefined);
    expect(commandFor('GET', '/1.20/services/db/resources/i1/status')).toBe(undefined);
  });
});
