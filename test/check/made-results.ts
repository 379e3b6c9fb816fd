import { CHECKS } from '../../src/check/checks/index.ts';
import type { CheckRun, Result } from '../../src/check/result.ts';
import type { CheckedService } from '../../src/check/session.ts';
import type { Encoding } from '../../src/tsuru/encoding.ts';
import { Calls, type Call } from '../../src/tsuru/calls.ts';
import type { Exchange } from '../../src/tsuru/http.ts';
import { readReply } from '../../src/tsuru/read-reply.ts';
import { PASSWORD, USERNAME } from './broken/reference.ts';
import type { Sent } from '../../src/check/sent.ts';

export const SERVICE: CheckedService = {
  address: new URL('http://127.0.0.1:8888'),
  id: USERNAME,
  username: USERNAME,
  password: PASSWORD,
  encodings: ['form', 'json'],
  plan: undefined,
  parameters: {},
  timeout: 1000,
  multiCluster: false,
};

interface MadeReply {
  status?: number;
  body?: string;
  headers?: Record<string, string>;
  isTooLong?: boolean;
  hops?: Exchange['hops'];
}

/** A create in an encoding, for an instance of this name. */
export function createCall(encoding: Encoding = 'form', name = 'ck1'): Call {
  const fields = { team: 'team', plan: 'small', description: '', tags: [], parameters: {} };
  return new Calls(encoding, { user: 'u', id: 'e' }, {}).create(name, fields);
}

/** A call with its reply; without a status there is none. */
export function sentBy(call: Call, { status, body = '', headers = {}, isTooLong, hops = [] }: MadeReply): Sent {
  const bytes = Buffer.from(body);
  const reply = status === undefined ? undefined : { status, headers, body: bytes, complete: true, ...(isTooLong && { isTooLong }) };
  const exchange = { request: call.request, reply, failure: reply ? undefined : 'ECONNRESET', milliseconds: 5, hops };
  return { call, exchange, reading: readReply(call, exchange, SERVICE), authorization: 'own' };
}

/** The result of a check: `label` is its id, with an encoding in parentheses. */
export function resultOf(label: string, outcome: Result['outcome'], more: Partial<Result> = {}): Result {
  const [id = '', encoding] = label.replace(')', '').split(' (');
  const check = CHECKS.find((one) => one.id === id);
  if (check === undefined) throw new Error(`There is no check ${id}.`);
  return {
    check,
    encoding: encoding as Encoding | undefined,
    outcome,
    problem: outcome === 'passed' ? '' : `the problem of ${id}`,
    waitsFor: undefined,
    sent: more.culprit === undefined ? [] : [more.culprit],
    culprit: undefined,
    milliseconds: 5,
    ...more,
  };
}

export function failed(label: string, more: Partial<Result> = {}): Result {
  return resultOf(label, 'failed', more);
}

export function blocked(label: string, waitsFor: string | undefined, more: Partial<Result> = {}): Result {
  return resultOf(label, 'blocked', { waitsFor, ...more });
}

export function runOf(results: Result[], more: Partial<CheckRun> = {}): CheckRun {
  const started = new Date('2026-08-01T12:00:00.000Z');
  return { results, ending: 'complete', started, left: [], milliseconds: 1234, ...more };
}
