import type { Check } from '../check.ts';
import { OTHER_TEAM } from '../names.ts';
import type { Probe } from '../probe.ts';
import { isAccepted, isRefused, isSuccess, outcomeOf, type Sent, statusOf } from '../sent.ts';
import { bodyOf, isHtml, textProblem } from './text.ts';

const PART = 'Replies: create';

/** Creates an instance with a plan that the service does not offer. */
async function createWithUnknownPlan(probe: Probe, name: string): Promise<Sent> {
  return probe.create(name, { plan: await probe.unknownPlan() });
}

/** Creates an instance, then one with the same name for another team. */
async function createForAnotherTeam(probe: Probe): Promise<Sent> {
  const name = await probe.instance();
  return probe.create(name, { team: OTHER_TEAM });
}

export const createChecks: readonly Check[] = [
  {
    id: 'create.success',
    level: 'must',
    rule: 'An instance can be created.',
    part: PART,
    fix: 'Read a form or JSON, by the Content-Type, and return 201 for POST /resources once the instance exists or is being created.',
    perEncoding: true,
    async run(probe) {
      const first = await probe.create(probe.newName());
      const advice = isRefused(first) && first.exchange.hops.length === 0 ? '; give what it requires with --plan and --parameter' : '';
      probe.require(isSuccess(first), first, `the create ${outcomeOf(first)}${advice}`);
      // The first one may have got a name of the service's own, such as an empty one.
      probe.requireSuccess(await probe.create(probe.newName()), 'the create of a second instance');
    },
  },
  {
    id: 'create.tags',
    level: 'must',
    rule: 'An instance can be created with a description and several tags, in any script.',
    part: 'The calls',
    fix: 'Read `tags` as a repeated field in a form, and as a list in JSON; accept any text in `description` and `tags`.',
    perEncoding: true,
    async run(probe) {
      const fields = { description: 'für "alle" & <mehr>; 100%', tags: ['tag 1', 'k=v&w', 'ünïcode'] };
      await probe.requireSpecial(await probe.create(probe.newName(), fields), 'the create', probe.needCreate);
    },
  },
  {
    id: 'create.no-user',
    level: 'must',
    rule: "The user and the event id may be empty, as in Tsuru's internal events.",
    part: 'Every request',
    fix: 'Accept an empty `user` and an empty event id.',
    perEncoding: true,
    async run(probe) {
      const calls = probe.session.calls(probe.encoding, { user: '', id: '' });
      const sent = await probe.send(calls.create(probe.newName(), await probe.fields()));
      await probe.requireSpecial(sent, 'the create', probe.needCreate);
    },
  },
  {
    id: 'create.status',
    level: 'may',
    rule: 'A create returns 201.',
    part: PART,
    fix: 'Return 201 Created: every status below 300 works, but 201 is the accurate one.',
    async run(probe) {
      const sent = await probe.create(probe.newName());
      if (!isSuccess(sent)) probe.blockBy('create.success', 'no instance could be created', sent);
      probe.require(statusOf(sent) === 201, sent, `the create ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'create.repeat',
    level: 'must',
    rule: 'A create for an existing instance succeeds if team, plan and parameters are the same and nothing is bound.',
    part: PART,
    fix: 'Return 201 for the existing instance, not 409: Tsuru forgets an instance whose create timed out, and the user tries again.',
    perEncoding: true,
    async run(probe) {
      const name = await probe.instance();
      probe.requireSuccess(await probe.create(name), 'the repeated create');
    },
  },
  {
    id: 'create.lost-reply',
    level: 'must',
    rule: 'A create can be repeated after its reply was lost.',
    part: PART,
    fix: 'Return 201 for the existing instance, or create it again if the first attempt failed; do not keep returning 409.',
    perEncoding: true,
    async run(probe) {
      await probe.needRepeatableCreates();
      // A request may be lost before it arrives; and a reply, while the service is at work or after.
      for (const hangUp of [3, 10, 30]) {
        const name = probe.newName();
        await probe.send(probe.calls.create(name, await probe.fields()), { hangUp });
        await probe.session.pause(Math.min(probe.session.createLatency, 5000) + 50);
        await probe.settled(name);
        probe.requireSuccess(await probe.create(name), 'the repeated create');
        await probe.destroy(name);
      }
    },
  },
  {
    id: 'create.after-refusal',
    level: 'must',
    rule: 'A refused create leaves nothing behind: the next create with the same name succeeds.',
    part: PART,
    fix: 'Validate everything before storing anything, and let a create start over after a failed one.',
    perEncoding: true,
    async run(probe) {
      const name = probe.newName();
      const refused = await createWithUnknownPlan(probe, name);
      if (isAccepted(refused)) probe.skip('the service accepts plans that it does not offer');
      await probe.requireSpecial(await probe.create(name), 'the create after a refused one', probe.needCreate);
    },
  },
  {
    id: 'create.unknown-plan',
    level: 'should',
    rule: 'A create with an unknown plan is refused.',
    part: PART,
    fix: 'Return 400 with a text that lists the plans.',
    perEncoding: true,
    async run(probe) {
      const sent = await createWithUnknownPlan(probe, probe.newName());
      await probe.requireRefused(sent, 'the create');
    },
  },
  {
    id: 'create.refusal-text',
    level: 'should',
    rule: 'A refused create explains itself in short, plain text: Tsuru shows the body to the user unchanged.',
    part: PART,
    fix: 'Reply with one sentence that says what to do, as text or as {"code", "message"}, without HTML or a stack trace.',
    async run(probe) {
      const sent = await createWithUnknownPlan(probe, probe.newName());
      if (!isRefused(sent)) probe.skip('the service does not refuse plans that it does not offer');
      if (isHtml(bodyOf(sent))) probe.blockBy('http.plain-errors', 'errors are HTML pages', sent);
      const problem = textProblem(sent);
      probe.require(problem === undefined, sent, `the body of the reply ${String(problem)}`);
    },
  },
  {
    id: 'create.other-team',
    level: 'must',
    rule: "A create with the name of another team's instance is refused.",
    part: PART,
    fix: 'Read name, team, plan and parameters (in a form, every field that starts with "parameters.") from a form or JSON, by the Content-Type, compare them with the existing instance, and return 422 with the differences.',
    perEncoding: true,
    async run(probe) {
      const sent = await createForAnotherTeam(probe);
      probe.require(!isAccepted(sent), sent, 'the instance of one team was given to another');
    },
  },
  {
    id: 'create.conflict',
    level: 'should',
    rule: 'A create that differs from the existing instance returns a 4xx other than 409.',
    part: PART,
    fix: 'Return 422 with the differences and what to do: Tsuru discards the text of a 409, and the user reads only that the instance already exists.',
    async run(probe) {
      const sent = await createForAnotherTeam(probe);
      if (isAccepted(sent)) probe.blockBy('create.other-team', 'the create was accepted', sent);
      const isClear = isRefused(sent) && statusOf(sent) !== 409;
      await probe.requireUnless(isClear, sent, `the create ${outcomeOf(sent)}`, () => probe.needRepeatableCreates());
    },
  },
  {
    id: 'create.in-use',
    level: 'should',
    rule: 'A create with the name of an instance that is in use is refused.',
    part: PART,
    fix: 'Return 422 with what to do when anything is bound to the existing instance.',
    async run(probe) {
      const name = await probe.instance();
      await probe.variables(name, probe.newApp());
      const sent = await probe.create(name);
      probe.require(!isAccepted(sent), sent, `the create ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'create.two-at-once',
    level: 'must',
    rule: 'Two simultaneous creates with one name make one instance.',
    part: PART,
    fix: 'Make the second wait for the first and return the same instance; make names unique in the store.',
    perEncoding: true,
    async run(probe) {
      const name = probe.newName();
      const both = await Promise.all([probe.create(name), probe.create(name)]);
      const broken = both.find((sent) => !isSuccess(sent) && !isRefused(sent));
      await probe.requireUnless(
        broken === undefined,
        broken,
        `one of the creates ${broken ? outcomeOf(broken) : ''}`,
        async () => {
          await probe.needCreate();
          await probe.needRepeatableCreates();
        },
      );
      await probe.requireUnless(both.some(isSuccess), both[0], 'neither create succeeded', probe.needCreate);
      await probe.settled(name);
      await probe.requireSpecial(await probe.destroy(name), 'the destroy after the creates', probe.needDestroy);
      await probe.requireGone(name, probe.needRemoval);
    },
  },
];
