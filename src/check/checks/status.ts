import type { Check } from '../check.ts';
import { outcomeOf, statusOf } from '../probe.ts';
import { isHtml } from './text.ts';

const PART = 'Replies: status, info and plans';

export const statusChecks: readonly Check[] = [
  {
    id: 'status.readable',
    level: 'must',
    rule: 'Tsuru can read the status of an instance.',
    part: PART,
    fix: 'Answer 204 for up, 202 for pending, 500 for down, or 200 with a text.',
    async run(probe) {
      const sent = await probe.send(probe.calls.status(await probe.created()));
      probe.require(sent.reading.ok, sent, `the status ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'status.up',
    level: 'should',
    rule: 'An instance that was created comes up.',
    part: PART,
    fix: 'Answer 204 once the instance can be used; 202 means pending, 500 down, and 404 that the service tells no status.',
    async run(probe) {
      const sent = await probe.untilUp(await probe.created());
      probe.require(statusOf(sent) === 204 || statusOf(sent) === 200, sent, `the status ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'status.text',
    level: 'should',
    rule: 'The text of a status with 200 is a few words: Tsuru shows it as it is.',
    part: PART,
    fix: 'Answer 204 without a body, or 200 with a word or two; no JSON and no HTML.',
    async run(probe) {
      const sent = await probe.untilUp(await probe.instance());
      if (statusOf(sent) !== 200) probe.skip('the status is no text');
      const text = sent.exchange.reply?.body.toString('utf8') ?? '';
      const isPlain = text.trim() !== '' && text.length <= 200 && !/^\s*[[{]/.test(text) && !isHtml(text);
      probe.require(isPlain, sent, 'the status is no plain text');
    },
  },
  {
    id: 'status.missing',
    level: 'should',
    rule: 'An instance that does not exist has no status.',
    part: PART,
    fix: 'Answer 404 for an instance that the service does not have.',
    async run(probe) {
      const sent = await probe.send(probe.calls.status(probe.session.newName()));
      probe.require(statusOf(sent) >= 400 && statusOf(sent) !== 500, sent, `its status ${outcomeOf(sent)}`);
    },
  },
];

export const infoChecks: readonly Check[] = [
  {
    id: 'info.readable',
    level: 'must',
    rule: 'Tsuru can read the info of an instance.',
    part: PART,
    fix: 'Answer GET /resources/{name} with 200 and a JSON list of {"label": "...", "value": "..."}, both strings.',
    async run(probe) {
      const sent = await probe.send(probe.calls.info(await probe.instance()));
      probe.require(sent.reading.ok, sent, `the info ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'info.shown',
    level: 'may',
    rule: 'Users see something about their instance.',
    part: PART,
    fix: 'Answer 200 with what a user wants to know, such as the address and the plan.',
    async run(probe) {
      const sent = await probe.send(probe.calls.info(await probe.instance()));
      probe.require(statusOf(sent) === 200, sent, `the info ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'info.labelled',
    level: 'should',
    rule: 'Every item of the info has a label and a value.',
    part: PART,
    fix: 'Give each item both keys, `label` and `value`, in lower case.',
    async run(probe) {
      const sent = await probe.send(probe.calls.info(await probe.instance()));
      const { reading } = sent;
      if (!reading.ok || !Array.isArray(reading.value)) probe.skip('there is no info');
      const items = (reading as { value: (Record<string, string> | null)[] }).value;
      const isWhole = items.every((item) => item !== null && (item['label'] ?? '') !== '' && 'value' in item);
      probe.require(isWhole, sent, 'an item lacks one of them');
    },
  },
  {
    id: 'info.missing',
    level: 'should',
    rule: 'An instance that does not exist has no info.',
    part: PART,
    fix: 'Answer 404 for an instance that the service does not have.',
    async run(probe) {
      const sent = await probe.send(probe.calls.info(probe.session.newName()));
      probe.require(statusOf(sent) >= 400, sent, `its info ${outcomeOf(sent)}`);
    },
  },
];
