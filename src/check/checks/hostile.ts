import type { Call } from '../../tsuru/calls.ts';
import { CONTENT_TYPE } from '../../tsuru/encoding.ts';
import type { Check } from '../check.ts';
import type { Probe } from '../probe.ts';
import { isAccepted, isRefused, outcomeOf, type Sent, statusOf } from '../sent.ts';

const PART = 'Every request';
const { form: FORM, json: JSON_TYPE } = CONTENT_TYPE;
const REFUSE = 'Return 400: an invalid request is an error of the client.';

/** A create with this body, which may create the instance `name`, in place of its own. */
function createWith(probe: Probe, body: string, type: string | undefined, name = probe.newName()): Call {
  const { action, instance, app, job, request } = probe.calls.create(name, {
    team: '',
    plan: '',
    description: '',
    tags: [],
    parameters: {},
  });
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => name !== 'Content-Type'));
  return {
    ...{ action, instance, app, job },
    request: { ...request, body, headers: { ...headers, ...(type !== undefined && { 'Content-Type': type }) } },
  };
}

/** Each of these bodies, in an encoding that the service is called in, gets a 4xx, and the service keeps running. */
function refused(...bodies: readonly (readonly [body: string, type: string])[]): (probe: Probe) => Promise<void> {
  return async (probe) => {
    const spoken = bodies.filter(([, type]) => probe.session.service.encodings.some((one) => CONTENT_TYPE[one] === type));
    if (spoken.length === 0) probe.skip('the service is not called in that encoding');
    for (const [body, type] of spoken) {
      const sent = await probe.send(createWith(probe, body, type));
      const shown = body === '' ? 'an empty body' : `the body ${body}`;
      await requireRefused(probe, sent, `a create with ${shown}`);
    }
    await probe.requireAlive();
  };
}

/** Requires a 4xx, unless the service refuses ordinary creates in the same way. */
async function requireRefused(probe: Probe, sent: Sent, what: string): Promise<void> {
  await probe.requireUnless(isRefused(sent), sent, `${what} ${outcomeOf(sent)}`, async () => {
    if (!isAccepted(sent)) await probe.needCreate();
  });
}

/** Requires that a create does no harm: the service replies, or closes the connection instead of reading the rest. */
async function requireHarmless(probe: Probe, sent: Sent, what: string): Promise<void> {
  const isHarmless = statusOf(sent) < 500 && sent.exchange.failure !== 'timeout';
  await probe.requireUnless(isHarmless, sent, `${what} ${outcomeOf(sent)}`, probe.needCreate);
  await probe.requireAlive();
}

export const hostileChecks: readonly Check[] = [
  {
    id: 'hostile.json-syntax',
    level: 'should',
    rule: 'A body that is not valid JSON is refused.',
    part: PART,
    fix: REFUSE,
    run: refused(['{"name":', JSON_TYPE], ['{name: x}', JSON_TYPE], ['', JSON_TYPE]),
  },
  {
    id: 'hostile.json-values',
    level: 'should',
    rule: 'A JSON body is refused if it is not an object, or if its name is not a string.',
    part: PART,
    fix: REFUSE,
    run: refused(
      ['[]', JSON_TYPE],
      ['null', JSON_TYPE],
      ['"x"', JSON_TYPE],
      ['1', JSON_TYPE],
      ['{"name":1,"team":"t"}', JSON_TYPE],
      ['{"name":{"a":"b"},"team":"t"}', JSON_TYPE],
      ['{"name":["a"],"team":"t"}', JSON_TYPE],
      ['{"name":null,"team":"t"}', JSON_TYPE],
    ),
  },
  {
    id: 'hostile.deep-json',
    level: 'should',
    rule: 'A JSON body that is nested 10,000 levels deep does no harm.',
    part: PART,
    fix: 'Limit the depth of JSON bodies, and return 400.',
    async run(probe) {
      if (!probe.session.service.encodings.includes('json')) probe.skip('the service is not called in JSON');
      const depth = 10_000;
      const name = probe.newName();
      const body = `{"name":"${name}","team":"t","parameters":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
      const sent = await probe.send(createWith(probe, body, JSON_TYPE, name));
      await requireHarmless(probe, sent, 'the create');
    },
  },
  {
    id: 'hostile.no-name',
    level: 'should',
    rule: 'A create without a name is refused.',
    part: PART,
    fix: REFUSE,
    run: refused(['', FORM], ['team=t', FORM], ['name=&team=t', FORM], ['{}', JSON_TYPE], ['{"team":"t"}', JSON_TYPE]),
  },
  {
    id: 'hostile.no-app',
    level: 'should',
    rule: 'A bind without an app name is refused.',
    part: PART,
    fix: 'Return 400 if `app-name` in a form, or `appName` in JSON, is missing or empty.',
    perEncoding: true,
    async run(probe) {
      const sent = await probe.send(probe.calls.bindApp(await probe.shared(), ''));
      await probe.requireUnless(isRefused(sent), sent, `the bind ${outcomeOf(sent)}`, async () => {
        if (!isAccepted(sent)) await probe.needBind();
      });
    },
  },
  {
    id: 'hostile.form',
    level: 'should',
    rule: 'A form with invalid escapes, repeated names or NUL characters does no harm.',
    part: PART,
    fix: REFUSE,
    async run(probe) {
      const [a, b] = [probe.newName(), probe.newName()];
      // Which of two names counts is up to the service.
      probe.session.made.suspect(b, probe.encoding);
      for (const body of [
        `name=${a}%zz&team=t`,
        `name=${a}%ff&team=t`,
        `name=${a}%00x&team=t`,
        `name=${a}&name=${b}&team=t`,
        '&&==&&',
      ]) {
        const sent = await probe.send(createWith(probe, body, FORM, a));
        await requireHarmless(probe, sent, `a create with the body ${body}`);
      }
    },
  },
  {
    id: 'hostile.many-fields',
    level: 'should',
    rule: 'A form with 10,000 fields does no harm.',
    part: PART,
    fix: 'Limit the number of fields, and return 400 or 413.',
    async run(probe) {
      const fields = Array.from({ length: 10_000 }, (_, index) => `parameters.p${index}=x`).join('&');
      const name = probe.newName();
      const sent = await probe.send(createWith(probe, `name=${name}&team=t&${fields}`, FORM, name));
      await requireHarmless(probe, sent, 'the create');
    },
  },
  {
    id: 'hostile.content-type',
    level: 'should',
    rule: 'A body of an unexpected type, or without a type, is refused.',
    part: PART,
    fix: 'Return 415 or 400 for an unsupported content type.',
    async run(probe) {
      for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/xml', undefined]) {
        const sent = await probe.send(createWith(probe, 'x', type));
        const shown = type ?? 'no content type';
        await requireRefused(probe, sent, `a create with ${shown}`);
      }
      await probe.requireAlive();
    },
  },
  {
    id: 'hostile.large-body',
    level: 'should',
    rule: 'A body of 3 MB does no harm.',
    part: PART,
    fix: 'Limit the size of bodies, and return 413.',
    async run(probe) {
      const name = probe.newName();
      const body = `name=${name}&team=t&description=${'x'.repeat(3 * 1024 * 1024)}`;
      const sent = await probe.send(createWith(probe, body, FORM, name));
      await requireHarmless(probe, sent, 'the create');
    },
  },
];
