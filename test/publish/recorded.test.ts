import { createServer, type IncomingMessage, type Server } from 'node:http';

import { afterEach, describe, expect, it } from 'vitest';

import type { Api } from '../../src/publish/api.ts';
import { applyPlan, type PartResult } from '../../src/publish/apply.ts';
import { planOf } from '../../src/publish/plan.ts';
import { proveReach } from '../../src/publish/proof.ts';
import { readRegistered } from '../../src/publish/registered.ts';
import { readPermissions, type Registration } from '../../src/publish/registration.ts';
import { readConversations, type ApiCall, type RecordedAnswer } from '../sandbox/support/recording.ts';
import { closed, listening } from './support/tsuru.ts';

/** What a real Tsuru and its client said to each other. */
const conversations = readConversations(new URL('../sandbox/fixtures/conversations.json', import.meta.url));

/** The only call of a recorded command. */
function recorded(id: string): ApiCall {
  const call = conversations.find((conversation) => conversation.id === id)?.api[0];
  if (call === undefined) throw new Error(`There is no ${id}`);
  return call;
}

/** What a server got. */
interface Got {
  line: string;
  contentType: string | undefined;
  body: string;
}

let server: Server | undefined;
afterEach(async () => {
  if (server !== undefined) await closed(server);
  server = undefined;
});

/** A Tsuru that replies with recorded answers, in their order. */
async function replaying(...answers: RecordedAnswer[]): Promise<{ api: Api; got: Got[] }> {
  const got: Got[] = [];
  server = createServer((incoming: IncomingMessage, response) => {
    let body = '';
    incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk)).on('end', () => {
      got.push({ line: `${incoming.method ?? ''} ${incoming.url ?? ''}`, contentType: incoming.headers['content-type'], body });
      const { status = 0, headers = {}, body: reply = '' } = answers[got.length - 1] ?? { status: 500, body: 'nothing more was recorded' };
      response.writeHead(status, Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'Transfer-Encoding'))).end(reply);
    });
  });
  return { api: { address: await listening(server), token: 'a-token' }, got };
}

/** The registration that a recorded form is for. */
function wantedBy({ request }: ApiCall, more: Partial<Registration> = {}): Registration {
  const fields = new URLSearchParams(request.body);
  const field = (name: string) => fields.get(name) ?? '';
  return {
    ...{ id: field('id'), username: field('username'), password: field('password'), team: field('team') },
    ...{ endpoints: { production: field('endpoint') }, isMultiCluster: field('multi-cluster') === 'true', encoding: 'form', ...more },
  };
}

/** The fields of a form in their order, without the one that the client does not send. */
function fieldsOf(body = ''): [string, string][] {
  return [...new URLSearchParams(body)].filter(([name]) => name !== 'encoding');
}

const absent = (id: string) => [recorded('service-doc-get-unknown').response, { ...recorded('manifest-get-unknown').response, body: `Service ${id} not found` }];
const present = [recorded('service-doc-get').response, recorded('manifest-get').response];
const nothing = recorded('event-list-none').response;

/** Publishes, and returns what came of each part. */
async function publish(api: Api, wanted: Registration): Promise<PartResult[]> {
  const results = await applyPlan(api, planOf(await readRegistered(api, wanted), wanted), wanted, () => undefined);
  return results;
}

describe('publish sends what the client was recorded to send', () => {
  it.each(['service-create', 'service-create-multi-cluster', 'service-create-down', 'service-create-second-team'])('in %s', async (id) => {
    const call = recorded(id);
    const { api, got } = await replaying(...absent('x'), call.response);
    expect(await publish(api, wantedBy(call))).toEqual([{ part: 'service', refusal: undefined }]);
    expect(got.at(-1)).toMatchObject({ line: `${call.request.method} ${call.request.path}`, contentType: call.request.headers['Content-Type'] });
    expect(fieldsOf(got.at(-1)?.body)).toEqual(fieldsOf(call.request.body));
    expect(new URLSearchParams(got.at(-1)?.body).get('encoding')).toBe('form');
  });

  it.each(['service-update', 'service-update-endpoint', 'service-update-team', 'service-update-no-team'])('in %s', async (id) => {
    const call = recorded(id);
    const { api, got } = await replaying(...present, nothing, call.response);
    expect(await publish(api, wantedBy(call))).toEqual([{ part: 'service', refusal: undefined }]);
    expect(got.at(-1)).toMatchObject({ line: `${call.request.method} ${call.request.path}`, contentType: call.request.headers['Content-Type'] });
    expect(fieldsOf(got.at(-1)?.body)).toEqual(fieldsOf(call.request.body));
  });

  it('in service-doc-add, byte for byte', async () => {
    const { request, response } = recorded('service-doc-add');
    const update = recorded('service-update');
    const { api, got } = await replaying({ ...recorded('service-doc-get-empty').response }, recorded('manifest-get').response, nothing, update.response, response);
    const results = await publish(api, wantedBy(update, { team: '', doc: new URLSearchParams(request.body).get('doc') ?? '' }));
    expect(results.map(({ part, refusal }) => [part, refusal])).toEqual([['service', undefined], ['documentation', undefined]]);
    expect(got.at(-1)).toEqual({ line: `PUT ${request.path}`, contentType: request.headers['Content-Type'], body: request.body });
  });

  it('in manifest-set, byte for byte', async () => {
    const { request, response } = recorded('manifest-set');
    const update = recorded('service-update');
    const { api, got } = await replaying(recorded('service-doc-get').response, recorded('manifest-get-empty').response, nothing, update.response, response);
    expect((await publish(api, wantedBy(update, { team: '', permissions: readPermissions(JSON.stringify(JSON.parse(request.body ?? ''), undefined, 2)) }))).map(({ part }) => part)).toEqual(['service', 'permissions']);
    expect(got.at(-1)).toEqual({ line: `PUT ${request.path}`, contentType: 'application/json', body: request.body });
  });
});

it('publish gives a service away in service-update-team after all that it could not send any more in service-update-after-giving-away', async () => {
  const update = recorded('service-update-team');
  const { api, got } = await replaying(...present, nothing, recorded('service-doc-add').response, recorded('manifest-set').response, update.response);
  const results = await publish(api, wantedBy(update, { doc: 'new', permissions: readPermissions('{}') }));
  expect(results).toEqual(['documentation', 'permissions', 'service'].map((part) => ({ part, refusal: undefined })));
  expect(got.slice(3).map(({ line }) => line)).toEqual(['PUT /1.0/services/curled/doc', 'PUT /1.31/services/curled/manifest', `PUT ${update.request.path}`]);
  expect(recorded('service-update-after-giving-away').response.status).toBe(403);
});

describe('publish reads what Tsuru was recorded to reply', () => {
  const update = recorded('service-update');

  it('of the permissions and the documentation: nothing is sent again that is the same', async () => {
    const { api, got } = await replaying(...present, nothing, update.response);
    const wanted = wantedBy(update, { doc: recorded('service-doc-get').response.body ?? '', permissions: readPermissions(recorded('manifest-set').request.body) });
    expect((await publish(api, wanted)).map(({ part }) => part)).toEqual(['service']);
    expect(got.map(({ line }) => line)).toEqual([
      'GET /1.0/services/mydb/doc',
      'GET /1.31/services/mydb/manifest',
      'GET /1.1/events?kindname=service.create&kindname=service.update&kindname=service.delete&target.type=service&target.value=mydb',
      'PUT /1.0/services/mydb',
    ]);
  });

  it('of events: the endpoints, the user name and the encoding of an update', async () => {
    const event = 'abcdefabcdefabcdefabcdef';
    const details = recorded('event-info-service-update').response;
    const list = recorded('event-list-service').response;
    const [newest] = JSON.parse((list.body ?? '').replaceAll('<event>', event).replaceAll('"curled"', '"mydb-mc"')) as unknown[];
    const { api, got } = await replaying(...present, { ...list, body: JSON.stringify([newest]) }, details);
    const { service } = await readRegistered(api, wantedBy(update, { id: 'mydb-mc', team: '' }));
    expect(got.at(-1)?.line).toBe(`GET /1.1/events/${event}`);
    expect(service).toEqual({ endpoints: { production: 'http://<service:mydb-mc>', c1: 'http://<service:mydb-mc>' }, username: 'mydb-mc', encoding: 'form' });
  });

  it.each([
    ['service-create-no-team-two', 'The user of the token belongs to several teams', 'Set the team in manifest.yaml.'],
    ['service-create-not-allowed', 'lacks the permission service.create for the team team-a', 'An administrator'],
    ['service-create-unknown-team', 'or there is no such team', 'An administrator'],
    ['service-create-duplicate', 'Tsuru has had a service mydb since a moment ago.', 'Run the same command again.'],
  ])('as the refusal of %s', async (id, problem, advice) => {
    const call = recorded(id);
    const { api } = await replaying(...absent('x'), call.response);
    const [result] = await publish(api, wantedBy(call));
    expect(result?.refusal?.[0].toLowerCase()).toContain(problem.toLowerCase());
    expect(result?.refusal?.[1]).toContain(advice);
  });

  it.each([
    ['service-update-unknown-team', 'Team owner doesn\'t exist', 'team: no-team'],
    ['service-update-not-owner', 'lacks the permission service.update for the team that owns mydb', 'An administrator'],
    ['service-update-unknown', 'Tsuru no longer has the service nope', 'again'],
    ['service-update-no-password', 'Service password is required', ''],
  ])('as the refusal of %s', async (id, problem, advice) => {
    const call = recorded(id);
    const { api } = await replaying(...present, nothing, call.response);
    const [result] = await publish(api, wantedBy(call));
    expect(result?.refusal?.[0]).toContain(problem);
    expect(result?.refusal?.[1]).toContain(advice);
  });

  it.each([
    ['manifest-set-orphan', 'tsuru role permission remove usage service-action.mydb.usage.show'],
    ['manifest-set-duplicate-action', 'Correct operations[1], GET /y (x), in permissions.json.'],
    ['manifest-set-path-pattern', 'Correct operations[0], GET /x/{id (x), in permissions.json.'],
    ['manifest-set-same-pattern', 'Correct operations[1], GET /a/{y} (y), in permissions.json.'],
    ['manifest-set-action-missing', 'Correct operations[0], GET /x (""), in permissions.json.'],
    ['manifest-set-not-owner', 'An administrator'],
  ])('as the refusal of %s', async (id, advice) => {
    const { request, response } = recorded(id);
    const { api } = await replaying(recorded('service-doc-get').response, recorded('manifest-get-empty').response, nothing, update.response, response);
    const results = await publish(api, wantedBy(update, { team: '', permissions: readPermissions(request.body) }));
    expect(results[1]?.refusal?.[1]).toContain(advice);
  });

  it.each([
    ['service-plan-list', undefined],
    ['service-plan-list-down', 'Tsuru does not reach the service: nothing listens at its endpoint'],
    ['service-plan-list-500', 'Tsuru gets no plans from the service'],
    ['service-plan-list-401', 'Tsuru gets no plans from the service'],
    ['service-plan-list-html', 'what replies at its endpoint is not the service'],
  ])('as whether Tsuru reaches the service in %s', async (id, warning) => {
    const { api } = await replaying(recorded(id).response);
    const proof = await proveReach(api, 'mydb');
    expect(proof).toEqual(warning === undefined ? { kind: 'reached', plans: ['small', 'large'] } : { kind: 'doubtful', warning: expect.stringContaining(warning) as string });
  });

  it('as a pool in which a multi-cluster service is asked', async () => {
    const { api, got } = await replaying(recorded('service-plan-list-multi-cluster').response, recorded('service-plan-list-pool').response);
    expect((await proveReach(api, 'mydb-mc')).kind).toBe('reached');
    expect(got.at(-1)?.line).toBe('GET /1.0/services/mydb-mc/plans?pool=pool1');
  });
});
