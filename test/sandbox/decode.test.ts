import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';

import { describe, expect, it } from 'vitest';

import { ApiError } from '../../src/sandbox/http/answer.ts';
import { decoded, struct } from '../../src/sandbox/http/decode.ts';
import type { ApiRequest } from '../../src/sandbox/http/request.ts';
import { parseValues } from '../../src/sandbox/http/values.ts';

const SHAPE = struct('api.input', {
  ...{ id: 'string', is_on: 'bool', tags: '[]string', endpoints: 'map[string]string' },
  items: [struct('api.Item', { path: 'string' })],
});
const NOTHING = { id: '', is_on: false, tags: null, endpoints: null, items: null };

const FORM = 'application/x-www-form-urlencoded';

function read(type: string, body: string, query = ''): unknown {
  const [contentType = ''] = type.split(';');
  const request: Partial<ApiRequest> = {
    method: 'PUT',
    params: {},
    route: '/x',
    version: '',
    query: parseValues(query),
    rawQuery: query,
    body: Buffer.from(body),
    contentType,
    mediaType: contentType.toLowerCase(),
    incoming: Object.assign(new IncomingMessage(new Socket()), { headers: { 'content-type': type } }),
  };
  return decoded(request as ApiRequest, SHAPE);
}

describe('a body', () => {
  it.each([
    ['application/json', '', NOTHING],
    ['application/json; charset=utf-8', '{"ID":"a","is_on":true,"tags":[],"endpoints":{"b":null},"items":[null,{"path":"p"}],"else":1}',
      { id: 'a', is_on: true, tags: [], endpoints: { b: '' }, items: [{ path: '' }, { path: 'p' }] }],
    ['application/json', 'null', NOTHING],
    [FORM, 'Id=a&id=b&ison=1&tags.0=x&tags.1=y&endpoints.a\\.b=c&items.1.path=p',
      { id: 'b', is_on: true, tags: ['x', 'y'], endpoints: { 'a.b': 'c' }, items: [{ path: '' }, { path: 'p' }] }],
    [FORM, 'is_on=true&tags=', NOTHING],
    ['text/plain', 'id=a', NOTHING],
    ['multipart/form-data; boundary=B', '--B\r\nContent-Disposition: form-data; name="id"\r\n\r\na\r\nb\r\n--B--\r\n', { ...NOTHING, id: 'a\r\nb' }],
    ['multipart/form-data; boundary=B', '--B\r\nContent-Disposition: form-data; name="id"\r\n\r\na', NOTHING],
  ])('is read as Go reads it: %s %s', (type, body, value) => {
    expect(read(type, body)).toEqual(value);
  });

  it('comes before the query, whose values count then', () => {
    expect(read(FORM, 'id=body', 'id=query')).toMatchObject({ id: 'query' });
  });

  it.each([
    ['application/json', '{"id":', 'unable to parse as json: "{\\"id\\":" - unexpected end of JSON input'],
    ['application/json', '{"id":nul', 'unable to parse as json: "{\\"id\\":nul" - invalid character \' \' in literal null (expecting \'l\')'],
    ['application/json', '{} é', 'unable to parse as json: "{} é" - invalid character \'Ã\' after top-level value'],
    ['application/json', '{"id":1.}', 'unable to parse as json: "{\\"id\\":1.}" - invalid character \'}\' after decimal point in numeric literal'],
    ['application/json', '[]', 'unable to parse as json: "[]" - json: cannot unmarshal array into Go value of type api.input'],
    ['application/json', '{"id":1,"tags":2}', 'unable to parse as json: "{\\"id\\":1,\\"tags\\":2}" - json: cannot unmarshal number into Go struct field input.id of type string'],
    ['application/json', '{"items":[{"path":{}}]}', 'unable to parse as json: "{\\"items\\":[{\\"path\\":{}}]}" - json: cannot unmarshal object into Go struct field Item.items.path of type string'],
    ['application/json', '{"items":{}}', 'unable to parse as json: "{\\"items\\":{}}" - json: cannot unmarshal object into Go struct field input.items of type []api.Item'],
    [FORM, 'id=%zz', 'unable to parse form: invalid URL escape "%zz"'],
    [FORM, 'id=a;b', 'unable to parse form: invalid semicolon separator in query'],
    [FORM, 'ison=x', 'unable to decode form: url.Values{":mux-path-template":[]string{"/x"}, "ison":[]string{"x"}} - could not parse bool from "x"'],
    [FORM, 'tags=x', 'unable to decode form: url.Values{":mux-path-template":[]string{"/x"}, "tags":[]string{"x"}} -  is not a valid index for type []string'],
  ])('is refused in the words of Go: %s %s', (type, body, message) => {
    expect(() => read(type, body)).toThrow(new ApiError(400, message));
  });
});
