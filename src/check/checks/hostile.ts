import type { Call } from '../../tsuru/calls.ts';
import { CONTENT_TYPE, type Encoding } from '../../tsuru/encoding.ts';
import type { Check } from '../check.ts';
import { hostOf } from '../names.ts';
import type { Probe } from '../probe.ts';
import { isAccepted, isRefused, outcomeOf, type Sent, statusOf } from '../sent.ts';

const PART = 'Every request';
const { form: FORM, json: JSON_TYPE } = CONTENT_TYPE;
const REFUSE = 'Return 400: an invalid request is an error of the client.';

/** A create with this body in place of its own. @param name the instance that it may create */
function createWith(probe: Probe, body: string, type: string | undefined, name: string): Call {
  const fields = { team: '', plan: '', description: '', tags: [], parameters: {} };
  const call = probe.calls.create(name, fields);
  const headers = Object.fromEntries(Object.entries(call.request.headers).filter(([key]) => key !== 'Content-Type'));
  const typed = { ...headers, ...(type !== undefined && { 'Content-Type': type }) };
  return { ...call, request: { ...call.request, body, headers: typed } };
}

/** The form of an ordinary create. */
async function formOf(probe: Probe, name: string): Promise<string> {
  return probe.in('form').calls.create(name, await probe.fields()).request.body ?? '';
}

/** The encoding that a body of a type is in. */
function encodingOf(type: string): Encoding {
  return type === JSON_TYPE ? 'json' : 'form';
}

/** Each of these bodies, in an encoding that the service is called in, gets a 4xx, and the service keeps running. */
function refused(...bodies: readonly (readonly [body: string, type: string])[]): (probe: Probe) => Promise<void> {
  return async (probe) => {
    const spoken = bodies.filter(([, type]) => probe.session.service.encodings.includes(encodingOf(type)));
    if (spoken.length === 0) probe.skip('the service is not called in that encoding');
    for (const [body, type] of spoken) {
      const speaking = probe.in(encodingOf(type));
      const sent = await speaking.send(createWith(speaking, body, type, probe.newName()));
      await speaking.requireRefused(sent, `a create with ${body === '' ? 'an empty body' : `the body ${body}`}`);
    }
    await probe.requireAlive();
  };
}

/** Requires that a create does no harm: the service replies, or closes the connection instead of reading the rest. */
async function requireHarmless(probe: Probe, sent: Sent, what: string): Promise<void> {
  const isHarmless = statusOf(sent) < 500 && sent.exchange.failure !== 'timeout';
  await probe.requireUnless(isHarmless, sent, `${what} ${outcomeOf(sent)}`, async () => {
    await probe.needCreate();
    if (sent.call.request.body?.includes('parameters') === true) await probe.needParameter();
  });
  await probe.requireAlive();
}

/** The beginnings of forms that are not well-formed, or name two instances. */
const SPOILED: readonly ((name: string, other: string) => string)[] = [
  (name) => `name=${name}%zz`,
  (name) => `name=${name}%ff`,
  (name) => `name=${name}%00x`,
  (name, other) => `name=${name}&name=${other}`,
  (name) => `name=${name}&&==&&`,
];

/** The same check with forms. @throws Verdict `skipped` if the service is called in JSON only */
function needForm(probe: Probe): Probe {
  if (!probe.session.service.encodings.includes('form')) probe.skip('the service is not called with forms');
  return probe.in('form');
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
    async run(probe) {
      // A service that makes a text of such a name creates an instance under it.
      const [number, text] = [probe.own(`1${parseInt(probe.session.mark, 16)}`), probe.newName()];
      for (const name of [number, text]) probe.session.made.suspect(name, 'json');
      const names = [number, '{"a":"b"}', `["${text}"]`, 'null'];
      const bodies = ['[]', 'null', '"x"', '1', ...names.map((name) => `{"name":${name},"team":"t"}`)];
      await refused(...bodies.map((body) => [body, JSON_TYPE] as const))(probe);
    },
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
      const speaking = probe.in('json');
      const { body = '' } = speaking.calls.create(name, await probe.fields()).request;
      const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
      const whole = `${body.trimEnd().slice(0, -1)},"parameters":{"a":${deep}}}`;
      const sent = await speaking.send(createWith(speaking, whole, JSON_TYPE, name));
      await requireHarmless(speaking, sent, 'the create');
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
      const hosts = [hostOf(probe.newApp())];
      const sent = await probe.send(probe.calls.bindApp(await probe.toBind(), '', { hosts }));
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
      const speaking = needForm(probe);
      const rest = (await formOf(speaking, '')).replace(/(^|&)name=[^&]*/, '');
      for (const spoil of SPOILED) {
        const [name, other] = [probe.newName(), probe.newName()];
        // What an invalid escape means, and which of two names counts, is up to the service.
        for (const alias of [other, `${name}%zz`, `${name}\uFFFD`, `${name}\0x`]) {
          probe.session.made.suspect(probe.own(alias), 'form');
        }
        const start = spoil(name, other);
        const sent = await speaking.send(createWith(speaking, `${start}&${rest}`, FORM, name));
        await requireHarmless(speaking, sent, `a create with the body ${start}`);
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
      const speaking = needForm(probe);
      const name = probe.newName();
      const sent = await speaking.send(createWith(speaking, `${await formOf(speaking, name)}&${fields}`, FORM, name));
      await requireHarmless(speaking, sent, 'the create');
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
        const sent = await probe.send(createWith(probe, 'x', type, probe.newName()));
        await probe.requireUnless(isRefused(sent), sent, `a create with ${type ?? 'no content type'} ${outcomeOf(sent)}`, async () => {
          if (isAccepted(sent)) return;
          await probe.needCreate();
          const nameless = await probe.send(createWith(probe, '', FORM, probe.newName()));
          if (!isRefused(nameless)) probe.blockBy('hostile.no-name', 'no create without a name is refused', nameless);
        });
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
      const speaking = needForm(probe);
      const name = probe.newName();
      const body = `${await formOf(speaking, name)}&description=${'x'.repeat(3 * 1024 * 1024)}`;
      const sent = await speaking.send(createWith(speaking, body, FORM, name));
      await requireHarmless(speaking, sent, 'the create');
    },
  },
];
