import type { Check } from '../check.ts';
import type { Probe } from '../probe.ts';
import { outcomeOf, statusOf } from '../sent.ts';

interface Plan {
  Name: string;
  Description: string;
}

const PART = 'Replies: status, info and plans';

async function plansOf(probe: Probe): Promise<Plan[]> {
  const sent = await probe.send(probe.calls.plans());
  const { reading } = sent;
  if (!reading.ok) return probe.blockBy('plans.readable', 'the plans cannot be read', sent);
  return Array.isArray(reading.value) ? (reading.value as Plan[]) : [];
}

export const planChecks: readonly Check[] = [
  {
    id: 'plans.readable',
    level: 'must',
    rule: 'Tsuru can read the list of plans.',
    part: PART,
    fix: 'Return 200 for GET /resources/plans, with a JSON list of {"name": "...", "description": "..."}, both strings.',
    async run(probe) {
      const sent = await probe.send(probe.calls.plans());
      probe.require(sent.reading.ok, sent, `the call ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'plans.shown',
    level: 'should',
    rule: 'Plans are returned with 200: with any other status, users see no plans.',
    part: PART,
    fix: 'Return 200 for GET /resources/plans, with an empty list if there are no plans.',
    async run(probe) {
      const sent = await probe.send(probe.calls.plans());
      probe.require(statusOf(sent) === 200, sent, `the call ${outcomeOf(sent)}`);
      if (!sent.reading.ok) return probe.blockBy('plans.readable', 'the plans cannot be read', sent);
      probe.require(Array.isArray(sent.reading.value), sent, 'the reply is not a list');
    },
  },
  {
    id: 'plans.named',
    level: 'should',
    rule: 'Every plan has a unique name.',
    part: PART,
    fix: 'Give every plan a "name" that is unique and not empty.',
    async run(probe) {
      const names = (await plansOf(probe)).map(({ Name }) => Name);
      probe.require(!names.includes(''), undefined, 'a plan has no name');
      const twice = names.find((name, index) => names.indexOf(name) !== index);
      probe.require(twice === undefined, undefined, `the plan "${String(twice)}" is listed twice`);
    },
  },
  {
    id: 'plans.described',
    level: 'may',
    rule: 'Every plan has a description.',
    part: PART,
    fix: 'Give every plan a "description", which helps users choose.',
    async run(probe) {
      const undescribed = (await plansOf(probe)).find(({ Description }) => Description === '');
      probe.require(undescribed === undefined, undefined, `the plan "${String(undescribed?.Name)}" has none`);
    },
  },
];
