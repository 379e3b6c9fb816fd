import type { Incoming, Reference } from '../../broken/reference.ts';
import { around, parameterNames, readyAtOnce, replyInstead, type Trait } from '../trait.ts';

/** Fails in place of a create for which this holds. */
function failsCreateIf(holds: (incoming: Incoming) => boolean): (service: Reference) => void {
  return (service) => {
    const right = service.create.bind(service);
    service.create = (incoming) => {
      if (holds(incoming)) throw new Error('no');
      return right(incoming);
    };
  };
}

/** Lets calls without credentials in. */
function openFor(isOpen: (incoming: Incoming) => boolean): (service: Reference) => void {
  return (service) => {
    const right = service.isAuthorized.bind(service);
    service.isAuthorized = (given, incoming) => isOpen(incoming) || right(given, incoming);
  };
}

const AUTH = ['auth.malformed', 'auth.other-paths', 'auth.wrong-password', 'auth.wrong-user'];
const PARAMETERS = ['dots', 'empty', 'list', 'nested', 'poison', 'unicode'].map((name) => `parameters.${name}`);

/** What services that were written without this program do. */
export const STRANGERS: readonly Trait[] = [
  {
    name: 'a destroy of a missing instance gets 500',
    makes: (service) => {
      const right = service.missing.bind(service);
      service.missing = (incoming) =>
        incoming.method === 'DELETE' && incoming.segments.length === 2 ? { status: 500, body: 'no' } : right(incoming);
    },
    fails: ['destroy.twice'],
    blocks: ['destroy.missing'],
  },
  {
    name: 'a name that is taken gets 500',
    makes: (service) => {
      service.createAgain = () => {
        throw new Error('UNIQUE constraint failed');
      };
    },
    fails: ['create.repeat'],
    blocks: ['create.conflict', 'create.lost-reply', 'create.two-at-once'],
  },
  {
    name: 'no status, no info, and only a create tells what exists',
    makes: (service) => {
      readyAtOnce(service);
      replyInstead(service, /^GET \/resources\/(?!plans$)/, () => ({ status: 404, body: 'not found' }));
      service.missing = (incoming) => (incoming.segments[2] === 'bind-app' ? { status: 201, body: {} } : { status: 404, body: 'no' });
    },
    fails: ['bind-app.missing', 'info.shown', 'update.missing'],
    blocks: ['bind-app.not-found', 'destroy.gone'],
  },
  {
    name: 'a create without a plan gets 500',
    makes: failsCreateIf(({ fields }) => (fields.get('plan') ?? '') === '' && (fields.get('name') ?? '') !== ''),
    fails: [],
  },
  {
    name: 'a create without a name gets 500',
    makes: failsCreateIf(({ fields }) => (fields.get('name') ?? '') === ''),
    fails: ['hostile.no-name'],
  },
  {
    name: 'every parameter gets 500',
    makes: failsCreateIf(({ fields }) => parameterNames(fields).length > 0),
    fails: ['parameters.simple'],
    blocks: ['hostile.many-fields', ...PARAMETERS],
  },
  {
    name: 'only some teams are known',
    makes: (service) => {
      const right = service.create.bind(service);
      service.create = (incoming) =>
        incoming.fields.get('team') === 'check-other-team' ? service.refuse(403, 'unknown team') : right(incoming);
    },
    fails: [],
  },
  {
    name: 'five instances are the most',
    timeout: 10_000,
    isSlow: true,
    makes: (service) => {
      const right = service.create.bind(service);
      service.create = (incoming) =>
        service.instances.size >= 5 && !service.instances.has(incoming.fields.get('name') ?? '')
          ? service.refuse(403, 'quota exceeded')
          : right(incoming);
    },
    fails: [],
  },
  {
    name: 'names of apps have 40 characters at most',
    makes: (service) => {
      const right = service.bindApp.bind(service);
      service.bindApp = (instance, incoming) =>
        (incoming.fields.get('app-name') ?? '').length > 40 ? service.refuse(400, 'too long') : right(instance, incoming);
    },
    fails: [],
  },
  {
    name: 'a name is free a second after its removal',
    timeout: 10_000,
    isSlow: true,
    makes: (service) => {
      const freeAt = new Map<string, number>();
      const [destroy, create] = [service.destroy.bind(service), service.create.bind(service)];
      service.destroy = (instance, incoming) => {
        freeAt.set(instance.name, Date.now() + 1000);
        return destroy(instance, incoming);
      };
      service.create = (incoming) =>
        (freeAt.get(incoming.fields.get('name') ?? '') ?? 0) > Date.now()
          ? service.refuse(422, 'the name is being freed')
          : create(incoming);
    },
    fails: [],
  },
  {
    name: 'a removal is accepted with 202, and takes three seconds',
    timeout: 10_000,
    isSlow: true,
    makes: (service) => {
      service.destroy = (instance) => {
        setTimeout(() => service.instances.delete(instance.name), 3000);
        return { status: 202 };
      };
    },
    fails: [],
  },
  {
    name: 'no call needs a password, and there are no plans',
    makes: (service) => {
      service.isAuthorized = () => true;
      replyInstead(service, /^GET \/resources\/plans$/, () => ({ status: 404, body: 'not found' }));
    },
    fails: ['auth.missing', 'plans.shown'],
    blocks: [...AUTH.slice(1), 'multi-cluster.plans-without-pool'],
  },
  {
    name: 'binds need no password',
    makes: openFor(({ segments }) => segments[2] === 'bind-app'),
    fails: ['auth.missing'],
  },
  {
    name: 'plans need no password',
    makes: openFor(({ segments }) => segments[1] === 'plans'),
    fails: ['auth.missing'],
    blocks: ['auth.malformed'],
  },
  {
    name: 'the first call for the plans gets 503',
    makes: (service) => {
      let isFirst = true;
      around(service, (right) => (incoming) => {
        if (!isFirst || incoming.target !== '/resources/plans') return right(incoming);
        isFirst = false;
        return service.refuse(503, 'starting');
      });
    },
    fails: [],
  },
];
