import type { Check } from '../check.ts';
import { isAccepted, isRefused, isSuccess, OTHER_TEAM, outcomeOf, statusOf, type Probe } from '../probe.ts';
import type { Sent } from '../session.ts';
import { textProblem } from './text.ts';

const PART = 'Replies: create';

/** Creates with a plan that no service has. */
async function createWithUnknownPlan(probe: Probe, name: string): Promise<Sent> {
  return probe.create(name, { plan: await probe.unknownPlan() });
}

/** Creates an instance, and then one of its name for another team. */
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
    fix: 'Answer POST /resources with 201 once the instance exists or is being created.',
    perEncoding: true,
    async run(probe) {
      probe.requireSuccess(await probe.create(probe.newName()), 'the create');
    },
  },
  {
    id: 'create.tags',
    level: 'must',
    rule: 'An instance can be created with a description and several tags, in any letters.',
    part: 'The calls',
    fix: 'Read `tags` as a repeated field of a form, or a list in JSON, and take any text in `description` and `tags`.',
    perEncoding: true,
    async run(probe) {
      const fields = { description: 'für "alle" & <mehr>; 100%', tags: ['tag 1', 'k=v&w', 'ünïcode'] };
      probe.requireSuccess(await probe.create(probe.newName(), fields), 'the create');
    },
  },
  {
    id: 'create.no-user',
    level: 'must',
    rule: "The user and the event of a call may be empty: events of Tsuru's own have none.",
    part: 'Every request',
    fix: 'Take an empty `user` and an empty event id.',
    perEncoding: true,
    async run(probe) {
      const calls = probe.session.calls(probe.encoding, { user: '', id: '' });
      const sent = await probe.send(calls.create(probe.newName(), await probe.fields()));
      probe.requireSuccess(sent, 'the create');
    },
  },
  {
    id: 'create.status',
    level: 'may',
    rule: 'A create is answered with 201.',
    part: PART,
    fix: 'Answer 201 Created; every status below 300 works, but 201 says what happened.',
    async run(probe) {
      const sent = await probe.create(probe.newName());
      if (!isSuccess(sent)) probe.block('no instance could be created', sent);
      probe.require(statusOf(sent) === 201, sent, `the create ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'create.repeat',
    level: 'must',
    rule: 'A create for an instance that is there, with the same team, plan and parameters and nothing bound, is a success.',
    part: PART,
    fix: 'Tsuru forgets an instance when its create times out: take the repeated create as that instance, and answer 201, not 409.',
    perEncoding: true,
    async run(probe) {
      const name = await probe.instance();
      probe.requireSuccess(await probe.create(name), 'the repeated create');
    },
  },
  {
    id: 'create.lost-reply',
    level: 'must',
    rule: 'A create whose answer was lost can be repeated.',
    part: PART,
    fix: 'Take the repeated create as the instance that is there, or create it again when it failed; never answer 409 for ever.',
    perEncoding: true,
    async run(probe) {
      const name = probe.newName();
      await probe.send(probe.calls.create(name, await probe.fields()), { hangUp: 3 });
      await probe.untilUp(name);
      probe.requireSuccess(await probe.create(name), 'the repeated create');
    },
  },
  {
    id: 'create.after-refusal',
    level: 'must',
    rule: 'A create that was refused leaves nothing behind: the next one for the same name works.',
    part: PART,
    fix: 'Check everything before anything is stored, and let a create for a name whose creation failed start again.',
    perEncoding: true,
    async run(probe) {
      const name = probe.newName();
      const refused = await createWithUnknownPlan(probe, name);
      if (isAccepted(refused)) probe.skip('the service takes a plan that it does not offer');
      probe.requireSuccess(await probe.create(name), 'the create after a refused one');
    },
  },
  {
    id: 'create.unknown-plan',
    level: 'should',
    rule: 'A plan that the service does not have is refused.',
    part: PART,
    fix: 'Answer 400 with a text that names the plans there are.',
    perEncoding: true,
    async run(probe) {
      const sent = await createWithUnknownPlan(probe, probe.newName());
      probe.require(isRefused(sent), sent, `the create ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'create.refusal-text',
    level: 'should',
    rule: 'A refused create says why, in a short, plain text: Tsuru shows the body to its user as it is.',
    part: PART,
    fix: 'Answer with one sentence that says what to do, as text or as {"code", "message"}; no HTML and no stack trace.',
    async run(probe) {
      const sent = await createWithUnknownPlan(probe, probe.newName());
      if (isAccepted(sent)) probe.skip('the service takes a plan that it does not offer');
      const problem = textProblem(sent);
      probe.require(problem === undefined, sent, `the body of the answer ${String(problem)}`);
    },
  },
  {
    id: 'create.other-team',
    level: 'must',
    rule: 'A create for the name of an instance of another team is refused.',
    part: PART,
    fix: 'Compare team, plan and parameters with the instance that is there, and answer 422 with what differs.',
    perEncoding: true,
    async run(probe) {
      const sent = await createForAnotherTeam(probe);
      probe.require(!isAccepted(sent), sent, "another team was given the team's instance");
    },
  },
  {
    id: 'create.conflict',
    level: 'should',
    rule: 'A create that differs from the instance of its name is answered with a 4xx other than 409.',
    part: PART,
    fix: 'Answer 422 with what differs and what to do: Tsuru throws the text of a 409 away, and its user reads only that the instance already exists.',
    async run(probe) {
      const sent = await createForAnotherTeam(probe);
      probe.require(isRefused(sent) && statusOf(sent) !== 409, sent, `the create ${outcomeOf(sent)}`);
    },
  },
  {
    id: 'create.in-use',
    level: 'should',
    rule: 'A create for the name of an instance that an app is bound to is refused.',
    part: PART,
    fix: 'Answer 422, with what to do, when anything is bound to the instance of that name.',
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
    rule: 'Two creates of one name at once make one instance.',
    part: PART,
    fix: 'Let the second wait for the first, and take it as the same instance; make the name unique in the store.',
    perEncoding: true,
    async run(probe) {
      const name = probe.newName();
      const both = await Promise.all([probe.create(name), probe.create(name)]);
      const broken = both.find((sent) => !isSuccess(sent) && statusOf(sent) !== 409);
      probe.require(broken === undefined, broken, `one of them ${broken ? outcomeOf(broken) : ''}`);
      probe.require(both.some(isSuccess), both[0], 'none of them worked');
      await probe.untilUp(name);
      probe.requireSuccess(await probe.send(probe.calls.destroy(name)), 'the destroy after them');
      const status = await probe.send(probe.calls.status(name));
      probe.require(
        !isAccepted(status),
        status,
        'one instance was destroyed, and another one of its name is still there',
      );
    },
  },
];
