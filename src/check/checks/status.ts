import type { Check } from '../check.ts';
import { outcomeOf, statusOf } from '../sent.ts';
import { isHtml } from './text.ts';

const PART = 'Replies: status, info and plans';
const NO_STATUS = 'the service has no status call';

export const statusChecks: readonly Check[] = [
  {
    id: 'status.readable',
    level: 'must',
    rule: 'Tsuru can read the status of an instance.',
    part: PART,
    fix: 'Return 204 for up, 202 for pending, 500 for down, or 200 with a text.',
    async run(probe) {
      const sent = await probe.send(probe.calls.status(await probe.created()));
      probe.require(sent.reading.ok, sent, `the status ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'status.up',
    level: 'should',
    rule: 'A created instance comes up.',
    part: PART,
    fix: 'Return 204 once the instance can be used; 202 means pending, 500 down, and 404 that the service has no status call.',
    async run(probe) {
      const sent = await probe.untilUp(await probe.created());
      if (statusOf(sent) === 404) probe.skip(NO_STATUS);
      if (!sent.reading.ok) probe.blockBy('status.readable', 'the status cannot be read', sent);
      probe.require(statusOf(sent) === 204 || statusOf(sent) === 200, sent, `the status ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'status.text',
    level: 'should',
    rule: 'A status with 200 is a few words of plain text: Tsuru shows it unchanged.',
    part: PART,
    fix: 'Return 204 without a body, or 200 with a word or two, not JSON or HTML.',
    async run(probe) {
      const sent = await probe.untilUp(await probe.created());
      if (statusOf(sent) !== 200) probe.skip('the status has no text');
      const text = sent.exchange.reply?.body.toString('utf8') ?? '';
      const isPlain = text.trim() !== '' && text.length <= 200 && !/^\s*[[{]/.test(text) && !isHtml(text);
      probe.require(isPlain, sent, 'the status is not a short plain text');
    },
  },
  {
    id: 'status.missing',
    level: 'should',
    rule: 'A missing instance has no status.',
    part: PART,
    fix: 'Return 404 for a missing instance.',
    async run(probe) {
      const ofInstance = await probe.send(probe.calls.status(await probe.shared()));
      if (statusOf(ofInstance) === 404) probe.skip(NO_STATUS);
      if (!ofInstance.reading.ok) probe.blockBy('status.readable', 'no status can be read', ofInstance);
      if (statusOf(ofInstance) === 500) probe.blockBy('status.up', 'no instance is up', ofInstance);
      const sent = await probe.send(probe.calls.status(probe.missingName()));
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
    fix: 'Return 200 for GET /resources/{name}, with a JSON list of {"label": "...", "value": "..."}, both strings.',
    async run(probe) {
      const sent = await probe.send(probe.calls.info(await probe.instance()));
      probe.require(sent.reading.ok, sent, `the info ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'info.shown',
    level: 'may',
    rule: 'Users see information about their instance.',
    part: PART,
    fix: 'Return 200 with useful facts, such as the address and the size.',
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
    fix: 'Give every item both keys, `label` and `value`, in lower case.',
    async run(probe) {
      const sent = await probe.send(probe.calls.info(await probe.instance()));
      const { reading } = sent;
      if (!reading.ok || !Array.isArray(reading.value)) probe.skip('the service returns no info');
      const items = (reading as { value: (Record<string, string> | null)[] }).value;
      const isWhole = items.every((item) => item !== null && (item['label'] ?? '') !== '' && 'value' in item);
      probe.require(isWhole, sent, 'an item has no label or no value');
    },
  },
  {
    id: 'info.missing',
    level: 'should',
    rule: 'A missing instance has no info.',
    part: PART,
    fix: 'Return 404 for a missing instance.',
    async run(probe) {
      const ofInstance = await probe.send(probe.calls.info(await probe.shared()));
      if (statusOf(ofInstance) !== 200) probe.skip('the service returns no info');
      const sent = await probe.send(probe.calls.info(probe.missingName()));
      probe.require(statusOf(sent) >= 400, sent, `its info ${outcomeOf(sent)}`);
    },
  },
];
