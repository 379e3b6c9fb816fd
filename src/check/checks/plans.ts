import type { Check } from '../check.ts';
import { outcomeOf, statusOf, type Probe } from '../probe.ts';

interface Plan {
  Name: string;
  Description: string;
}

const PART = 'Replies: status, info and plans';

async function plansOf(probe: Probe): Promise<Plan[]> {
  const { reading } = await probe.send(probe.calls.plans());
  return reading.ok && Array.isArray(reading.value) ? (reading.value as Plan[]) : [];
}

export const planChecks: readonly Check[] = [
  {
    id: 'plans.readable',
    level: 'must',
    rule: 'Tsuru can read the answer of plans.',
    part: PART,
    fix: 'Answer GET /resources/plans with 200 and a JSON list of {"name": "...", "description": "..."}, both strings.',
    async run(probe) {
      const sent = await probe.send(probe.calls.plans());
      probe.require(sent.reading.ok, sent, `the call ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'plans.shown',
    level: 'should',
    rule: 'Users see the plans: any other status than 200 is shown as no plans.',
    part: PART,
    fix: 'Answer GET /resources/plans with 200; with an empty list when there are no plans.',
    async run(probe) {
      const sent = await probe.send(probe.calls.plans());
      probe.require(statusOf(sent) === 200, sent, `the call ${outcomeOf(sent)}`);
      const isList = sent.reading.ok && Array.isArray(sent.reading.value);
      probe.require(isList, sent, 'the answer is no list');
    },
  },
  {
    id: 'plans.named',
    level: 'should',
    rule: 'Each plan has a name of its own.',
    part: PART,
    fix: 'Give every plan a "name" that is not empty and that no other plan has.',
    async run(probe) {
      const names = (await plansOf(probe)).map(({ Name }) => Name);
      probe.require(!names.includes(''), undefined, 'a plan has no name');
      const twice = names.find((name, index) => names.indexOf(name) !== index);
      probe.require(twice === undefined, undefined, `the plan "${String(twice)}" is there twice`);
    },
  },
  {
    id: 'plans.described',
    level: 'may',
    rule: 'Each plan has a description.',
    part: PART,
    fix: 'Give every plan a "description": users choose by it.',
    async run(probe) {
      const silent = (await plansOf(probe)).find(({ Description }) => Description === '');
      probe.require(silent === undefined, undefined, `the plan "${String(silent?.Name)}" has none`);
    },
  },
];
