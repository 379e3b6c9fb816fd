import type { Incoming, Instance, Reference, Reply } from '../../broken/reference.ts';
import { parameterNames, sleep, type Trait } from '../trait.ts';

const isDestroy = ({ method, segments }: Incoming) => method === 'DELETE' && segments.length === 2;

/** Changes the reply to a destroy of a missing instance. */
function destroysMissing(service: Reference, replyTo: (name: string, right: Reply) => Reply): void {
  const right = service.missing.bind(service);
  service.missing = (incoming) =>
    isDestroy(incoming) ? replyTo(incoming.segments[1] ?? '', right(incoming)) : right(incoming);
}

/** Replies to every accepted create, update, destroy, bind and unbind with one status. */
function accepts(status: number): (service: Reference) => void {
  return (service) => {
    const right = service.dispatch.bind(service);
    service.dispatch = async (incoming) => {
      const reply = await right(incoming);
      return incoming.method !== 'GET' && reply.status < 300 ? { ...reply, status } : reply;
    };
  };
}

/** Milliseconds that a slow creation takes. */
const CREATION = 3000;
/** Milliseconds that a slow removal takes. */
const REMOVAL = 2000;

export const LIFE_CYCLE: readonly Trait[] = [
  // create
  {
    name: 'an instance is created in the background for 3 s',
    timeout: 10_000,
    isSlow: true,
    makes: (service) => {
      service.provision = (instance) => {
        setTimeout(() => {
          instance.isCreated = true;
        }, CREATION);
      };
    },
    fails: [],
  },
  {
    name: 'the reply to a create waits for the instance',
    makes: (service) => {
      const right = service.create.bind(service);
      service.provision = () => undefined;
      service.create = (async (incoming: Incoming) => {
        const reply = right(incoming);
        const instance = service.instances.get(service.keyOf(incoming.fields.get('name') ?? ''));
        await sleep(100);
        if (reply.status === 201 && instance !== undefined) instance.isPending = false;
        return reply;
      }) as unknown as Reference['create'];
    },
    fails: [],
  },
  {
    name: 'an instance that is being created cannot be created again',
    makes: (service) => {
      const right = service.createAgain.bind(service);
      service.createAgain = (there, wanted) =>
        there.isPending && !there.isCreated ? service.refuse(409, 'it is being created') : right(there, wanted);
    },
    fails: [],
  },
  {
    name: '409 for every instance that exists',
    makes: (service) => {
      service.createAgain = () => service.refuse(409, 'it exists');
    },
    fails: ['create.repeat'],
    blocks: ['create.conflict', 'create.lost-reply'],
  },
  {
    name: 'a create with parameters that are not known is refused',
    makes: (service) => {
      const right = service.create.bind(service);
      service.create = (incoming) => {
        const [unknown] = parameterNames(incoming.fields);
        return unknown === undefined ? right(incoming) : service.refuse(400, `there is no parameter ${unknown}`);
      };
    },
    fails: [],
  },
  {
    name: 'a create needs a parameter, which the user gives',
    parameters: { size: '1' },
    makes: (service) => {
      const right = service.create.bind(service);
      service.create = (incoming) =>
        parameterNames(incoming.fields).includes('size') ? right(incoming) : service.refuse(400, 'give the parameter size');
    },
    fails: [],
  },
  {
    name: 'one plan, named default',
    makes: (service) => {
      service.planNames = ['default'];
    },
    fails: [],
  },
  {
    name: 'plans with numbers as names',
    makes: (service) => {
      service.planNames = Array.from({ length: 60 }, (_, index) => String(index + 1));
    },
    fails: [],
  },
  {
    name: 'the plans depend on the pool',
    makes: (service) => {
      const right = service.dispatch.bind(service);
      service.dispatch = (incoming) =>
        incoming.segments[1] === 'plans' && !('x-tsuru-pool-name' in incoming.headers)
          ? { status: 400, body: { missing_params: ['cluster'] } }
          : right(incoming);
    },
    fails: [],
  },
  // update
  {
    name: 'nothing of an instance can be changed',
    makes: (service) => {
      service.update = ({ name, plan }) =>
        service.refuse(400, `nothing can be changed; to go back: tsuru service instance update svc ${name} -p ${plan}`);
    },
    fails: ['update.success'],
  },
  {
    name: 'an update without a plan is refused',
    makes: (service) => {
      const right = service.update.bind(service);
      service.update = (instance, incoming) =>
        (incoming.fields.get('plan') ?? '') === ''
          ? service.refuse(400, `choose a plan: tsuru service instance update svc ${instance.name} -p ${instance.plan}`)
          : right(instance, incoming);
    },
    fails: [],
  },
  // destroy
  {
    // Tsuru refuses to remove such an instance before it calls the service.
    name: 'an instance is not destroyed while an app is bound to it',
    makes: (service) => {
      const right = service.destroy.bind(service);
      service.destroy = (instance, incoming) =>
        [...instance.binds].some(([who, isBound]) => isBound && who.startsWith('app/'))
          ? service.refuse(400, 'unbind the apps first')
          : right(instance, incoming);
    },
    fails: [],
  },
  {
    name: 'a destroy of a missing instance gets 200',
    makes: (service) => {
      destroysMissing(service, () => ({ status: 200 }));
    },
    fails: ['destroy.missing'],
  },
  {
    name: 'a destroy of an instance that is gone gets 410',
    makes: (service) => {
      const gone = new Set<string>();
      const right = service.destroy.bind(service);
      service.destroy = (instance, incoming) => {
        gone.add(instance.name);
        return right(instance, incoming);
      };
      destroysMissing(service, (name, reply) => (gone.has(name) ? service.refuse(410, 'it is gone') : reply));
    },
    fails: ['destroy.twice'],
  },
  {
    name: 'a destroy of a missing instance gets 410, whether or not it existed',
    makes: (service) => {
      destroysMissing(service, () => service.refuse(410, 'there is no such instance'));
    },
    fails: ['destroy.twice'],
    blocks: ['destroy.missing'],
  },
  {
    name: 'a destroy of a missing instance gets 400',
    makes: (service) => {
      destroysMissing(service, () => service.refuse(400, 'there is no such instance'));
    },
    fails: ['destroy.twice'],
    blocks: ['destroy.missing'],
  },
  {
    name: 'an instance takes one app',
    makes: (service) => {
      const right = service.bindApp.bind(service);
      service.bindApp = (instance, incoming) => {
        const key = `app/${incoming.fields.get('app-name') ?? ''}`;
        const isTaken = [...instance.binds].some(([who, isBound]) => isBound && who.startsWith('app/') && who !== key);
        return isTaken ? service.refuse(409, 'it is bound to another app') : right(instance, incoming);
      };
    },
    fails: ['bind-app.second-app'],
    blocks: ['bind-app.shared-host', 'bind-app.ten-at-once', 'names.app-pair', 'unbind-app.other-app'],
  },
  {
    name: 'a pending instance cannot be found by a bind',
    makes: (service) => {
      const right = service.bind.bind(service);
      service.bind = (instance, who) =>
        instance.isPending ? service.refuse(404, 'there is no such instance') : right(instance, who);
    },
    fails: ['bind-app.pending'],
  },
  {
    name: 'an instance is removed in the background for 2 s',
    timeout: 10_000,
    isSlow: true,
    makes: (service) => {
      const leaving = new Set<Instance>();
      const [destroy, status, createAgain] = [
        service.destroy.bind(service),
        service.status.bind(service),
        service.createAgain.bind(service),
      ];
      service.destroy = (instance, incoming) => {
        if (!leaving.has(instance)) {
          leaving.add(instance);
          instance.isPending = true;
          setTimeout(() => destroy(instance, incoming), REMOVAL);
        }
        return { status: 200 };
      };
      service.status = (instance) => (leaving.has(instance) ? { status: 202 } : status(instance));
      service.createAgain = (there, wanted) =>
        leaving.has(there) ? service.refuse(422, 'it is being removed; try again in a minute') : createAgain(there, wanted);
    },
    fails: [],
  },
  // the statuses and bodies of success
  { name: '201 for everything that is done', makes: accepts(201), fails: [] },
  { name: '200 for everything that is done', makes: accepts(200), fails: ['create.status'] },
  {
    name: 'every reply without a body of its own has an empty object',
    makes: (service) => {
      const right = service.write.bind(service);
      service.write = (response, { body = {}, ...reply }) => {
        right(response, { ...reply, ...(reply.status !== 204 && { body }) });
      };
    },
    fails: [],
  },
  {
    name: 'the info tells how often it was read',
    makes: (service) => {
      let count = 0;
      const right = service.info.bind(service);
      service.info = (instance) => {
        const { status, body } = right(instance);
        return { status, body: [...(body as object[]), { label: 'Read', value: `${++count} times` }] };
      };
    },
    fails: [],
  },
];
