import type { Check } from '../check.ts';
import type { Probe } from '../probe.ts';
import { isAccepted, isRefused, isUnserved, outcomeOf, type Sent, statusOf } from '../sent.ts';

const PART = 'Replies: update';

const COMMAND = 'tsuru service instance update';

/** Whether the text of a refusal contains the command that sets this instance back to this plan. */
function setsBack({ exchange }: Sent, name: string, plan: string): boolean {
  const text = exchange.reply?.body.toString('utf8') ?? '';
  const start = text.indexOf(COMMAND);
  const command = start === -1 ? '' : text.slice(start);
  // In JSON, characters of the plan may be escaped.
  const named = command.includes(plan) || command.includes(JSON.stringify(plan).slice(1, -1));
  return named && command.includes(name) && (command.includes(' -p') || command.includes(' --plan'));
}

/** Updates a new instance. */
async function changeAll(probe: Probe): Promise<Sent> {
  const name = await probe.instance();
  return probe.send(probe.calls.update(name, await probe.fields({ description: 'changed', tags: ['a', 'b'] })));
}

export const updateChecks: readonly Check[] = [
  {
    id: 'update.not-found',
    level: 'must',
    rule: 'An update of an existing instance does not return 404, which Tsuru silently treats as success.',
    part: PART,
    fix: 'Serve PUT /resources/{name}; if nothing can be changed, return 400 and say so.',
    perEncoding: true,
    async run(probe) {
      const sent = await changeAll(probe);
      probe.require(statusOf(sent) !== 404, sent, 'the update got a 404, and Tsuru reports success to the user');
      probe.require(statusOf(sent) > 0 && statusOf(sent) < 500, sent, `the update ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'update.success',
    level: 'should',
    rule: 'The description and the tags of an instance can be changed.',
    part: PART,
    fix: 'Return 200 for PUT /resources/{name}; every update contains every field.',
    perEncoding: true,
    async run(probe) {
      const sent = await changeAll(probe);
      await probe.requireSpecial(sent, 'the update', probe.needUpdate);
    },
  },
  {
    id: 'update.empty',
    level: 'should',
    rule: 'An update whose fields are all empty is accepted, or refused with a 4xx other than 404.',
    part: 'The calls',
    fix: 'Accept an empty plan and description, and absent tags: they are empty now. In JSON, an absent field is empty.',
    perEncoding: true,
    async run(probe) {
      const name = await probe.instance();
      const { team } = await probe.fields();
      const empty = { team, plan: '', description: '', tags: [], parameters: {} };
      const sent = await probe.send(probe.calls.update(name, empty));
      const isClear = isAccepted(sent) || (isRefused(sent) && statusOf(sent) !== 404);
      await probe.requireUnless(isClear, sent, `the update ${outcomeOf(sent)}`, probe.needUpdate);
    },
  },
  {
    id: 'update.keeps-binds',
    level: 'must',
    rule: 'An update does not affect existing binds.',
    part: PART,
    fix: 'Keep the binds and their credentials when updating an instance.',
    async run(probe) {
      await probe.needUpdate();
      const name = await probe.instance();
      const app = probe.newApp();
      const before = await probe.variables(name, app);
      await probe.send(probe.calls.update(name, await probe.fields({ description: 'changed' })));
      await probe.requireSame(name, app, before, 'the bind after the update');
    },
  },
  {
    id: 'update.unknown-plan',
    level: 'should',
    rule: 'An update to an unknown plan is refused.',
    part: PART,
    fix: 'Return 400 with a text that lists the plans.',
    async run(probe) {
      const fields = await probe.fields({ plan: await probe.unknownPlan() });
      const name = await probe.instance();
      const sent = await probe.send(probe.calls.update(name, fields));
      const isClear = isRefused(sent) && statusOf(sent) !== 404;
      await probe.requireUnless(isClear, sent, `the update ${outcomeOf(sent)}`, probe.needUpdate);
    },
  },
  {
    id: 'update.set-back',
    level: 'should',
    rule: 'A refused update names the command that sets the plan back: Tsuru has already stored the new one.',
    part: PART,
    fix: 'End the text of a 4xx with the command: tsuru service instance update SERVICE NAME -p small',
    async run(probe) {
      const unknown = await probe.unknownPlan();
      const { plan } = await probe.fields();
      const name = await probe.instance();
      const sent = await probe.send(probe.calls.update(name, await probe.fields({ plan: unknown })));
      if (!isRefused(sent)) probe.skip('the update was not refused');
      if (isUnserved(sent)) await probe.needUpdate();
      if (statusOf(sent) === 404) probe.blockBy('update.unknown-plan', 'the unknown plan got a 404', sent);
      const problem = `the text does not contain "${COMMAND} SERVICE ${name} -p ${plan}"`;
      await probe.requireUnless(setsBack(sent, name, plan), sent, problem, async () => {
        const ordinary = await changeAll(probe);
        if (!isAccepted(ordinary)) probe.blockBy('update.success', 'every update is refused', ordinary);
      });
    },
  },
  {
    id: 'update.missing',
    level: 'should',
    rule: 'An update of a missing instance fails with a status other than 404.',
    part: PART,
    fix: 'Return 410: Tsuru treats a 404 as success and shows nothing.',
    async run(probe) {
      await probe.needUpdate();
      const sent = await probe.send(probe.calls.update(probe.missingName(), await probe.fields()));
      probe.require(!sent.reading.ok, sent, `the update ${outcomeOf(sent)}, and Tsuru reports success to the user`);
    },
  },
];
