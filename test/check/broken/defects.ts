import { randomBytes } from 'node:crypto';

import type { Incoming, Instance, Reference, Reply } from './reference.ts';

/** One defect of a service, and the check that must find it. */
export interface Defect {
  name: string;
  caughtBy: string;
  /** Adds the defect to a correct service. */
  breaks: (service: Reference) => void;
}

const HTML = '<!DOCTYPE html><html><body><pre>Cannot do that</pre></body></html>';
const STACK = 'Error: no\n    at create (/srv/app.js:10:5)\n    at handle (/srv/app.js:30:7)';

/** Gives a simultaneous call time to arrive. */
const later = () => new Promise((resolve) => setTimeout(resolve, 20));

/** Changes the reply of a method. */
function reply(
  name: 'plans' | 'info' | 'status' | 'bindApp' | 'bindJob' | 'unbindJob' | 'update' | 'create',
  change: (right: Reply) => Reply,
): (service: Reference) => void {
  return (service) => {
    const right = service[name].bind(service) as (...args: unknown[]) => Reply;
    Object.assign(service, { [name]: (...args: unknown[]) => change(right(...args)) });
  };
}

type Part = {
  [Name in keyof Reference]: Reference[Name] extends (...args: never[]) => unknown ? Name : never;
}[keyof Reference];

/** Replaces one method of a service; the replacement can call the original. */
function instead<Name extends Part>(
  name: Name,
  make: (right: Reference[Name], service: Reference) => Reference[Name],
): (service: Reference) => void {
  return (service) => {
    const right = (service[name] as (...args: unknown[]) => unknown).bind(service);
    service[name] = make(right as Reference[Name], service);
  };
}

/**
 * Makes the credentials of binds depend on a salt.
 * @returns a function that renews the salt of the binds with a key
 */
function salted(service: Reference, keyOf: (instance: Instance, who: string) => string): (key: string) => void {
  const salts = new Map<string, string>();
  const right = service.variables.bind(service);
  service.variables = (instance, who) => ({ ...right(instance, who), SVC_SALT: salts.get(keyOf(instance, who)) ?? '' });
  return (key) => void salts.set(key, random());
}

/** Changes the path before it is read, and trusts the proxy like Tsuru. */
function readsPath(change: (target: string) => string): (service: Reference) => void {
  return (service) => {
    const right = service.segmentsOf.bind(service);
    service.isTrusted = () => true;
    service.segmentsOf = (target) => right(change(target));
  };
}

/** The path as `new URL()` normalizes it. */
const normalized = (target: string) => new URL(target, 'http://x').pathname;

const random = () => randomBytes(8).toString('hex');

export const DEFECTS: readonly Defect[] = [
  // plans
  {
    name: 'plans as a list of names',
    caughtBy: 'plans.readable',
    breaks: reply('plans', () => ({ status: 200, body: ['small'] })),
  },
  {
    name: 'plans inside an object',
    caughtBy: 'plans.readable',
    breaks: reply('plans', ({ body }) => ({ status: 200, body: { plans: body } })),
  },
  {
    name: 'a number as the description of a plan',
    caughtBy: 'plans.readable',
    breaks: reply('plans', () => ({ status: 200, body: [{ name: 'small', description: 5 }] })),
  },
  { name: 'plans with 201', caughtBy: 'plans.shown', breaks: reply('plans', (right) => ({ ...right, status: 201 })) },
  {
    name: 'two plans with one name',
    caughtBy: 'plans.named',
    breaks: reply('plans', () => ({
      status: 200,
      body: [
        { name: 'small', description: 'a' },
        { name: 'small', description: 'b' },
      ],
    })),
  },
  {
    name: 'plans without descriptions',
    caughtBy: 'plans.described',
    breaks: reply('plans', () => ({ status: 200, body: [{ name: 'small' }, { name: 'large' }] })),
  },
  // create
  {
    name: 'create returns 400 for tags',
    caughtBy: 'create.tags',
    breaks: instead(
      'create',
      (right, service) => (incoming) =>
        incoming.fields.has('tags') ? service.refuse(400, 'no tags') : right(incoming),
    ),
  },
  {
    name: 'create needs a user',
    caughtBy: 'create.no-user',
    breaks: instead(
      'create',
      (right, service) => (incoming) =>
        (incoming.fields.get('user') ?? '') === '' ? service.refuse(400, 'the user is missing') : right(incoming),
    ),
  },
  {
    name: '409 for every repeated create',
    caughtBy: 'create.repeat',
    breaks: (service) => {
      service.createAgain = () => service.refuse(409, 'it exists');
    },
  },
  {
    name: '409 after a create that was refused',
    caughtBy: 'create.after-refusal',
    breaks: (service) => {
      const right = service.create.bind(service);
      const failed = new Set<string>();
      service.create = (incoming) => {
        const name = incoming.fields.get('name') ?? '';
        if (failed.has(name)) return service.refuse(409, 'it exists');
        const made = right(incoming);
        if (made.status === 400) failed.add(name);
        return made;
      };
    },
  },
  {
    name: 'any plan is accepted',
    caughtBy: 'create.unknown-plan',
    breaks: instead('create', (right) => (incoming) => {
      incoming.fields.set('plan', 'small');
      return right(incoming);
    }),
  },
  {
    name: 'a refusal without a text',
    caughtBy: 'create.refusal-text',
    breaks: (service) => {
      service.refuse = (status) => ({ status });
    },
  },
  {
    name: 'a refusal with a stack trace',
    caughtBy: 'create.refusal-text',
    breaks: (service) => {
      service.refuse = (status) => ({ status, body: STACK });
    },
  },
  {
    name: 'the instance of one team is given to another',
    caughtBy: 'create.other-team',
    breaks: (service) => {
      service.createAgain = () => ({ status: 201 });
    },
  },
  {
    name: '409 for a name that is taken',
    caughtBy: 'create.conflict',
    breaks: instead('createAgain', (right) => (...args) => {
      const made = right(...args);
      return made.status === 422 ? { ...made, status: 409 } : made;
    }),
  },
  {
    name: 'an instance in use is taken over',
    caughtBy: 'create.in-use',
    breaks: instead('createAgain', (right) => (there, wanted) => right({ ...there, binds: new Map() }, wanted)),
  },
  {
    name: 'two creates at once make two',
    caughtBy: 'create.two-at-once',
    breaks: (service) => {
      const right = service.create.bind(service);
      const twice = new Map<string, number>();
      const under = new Set<string>();
      service.create = (async (incoming: Incoming) => {
        const name = incoming.fields.get('name') ?? '';
        if (under.has(name)) {
          twice.set(name, 1);
          return { status: 201 };
        }
        under.add(name);
        await later();
        under.delete(name);
        return right(incoming);
      }) as unknown as Reference['create'];
      const destroy = service.destroy.bind(service);
      service.destroy = (instance, incoming) => {
        if (twice.delete(instance.name)) return { status: 200 };
        return destroy(instance, incoming);
      };
    },
  },
  {
    name: 'create with 204',
    caughtBy: 'create.status',
    breaks: reply('create', (right) => (right.status === 201 ? { status: 204 } : right)),
  },
  {
    name: 'two binds of one app at once make two sets of credentials',
    caughtBy: 'bind-app.same-at-once',
    breaks: (service) => {
      const under = new Set<string>();
      const right = service.bindApp.bind(service);
      service.bindApp = (async (instance: Instance, incoming: Incoming) => {
        const key = `${instance.name} ${incoming.fields.get('app-name') ?? ''}`;
        const isSecond = under.has(key);
        under.add(key);
        await later();
        under.delete(key);
        const made = right(instance, incoming);
        return isSecond && made.status === 201 ? { ...made, body: { SVC_PASSWORD: random() } } : made;
      }) as unknown as Reference['bindApp'];
    },
  },
  {
    name: 'nothing can be created',
    caughtBy: 'create.success',
    breaks: (service) => {
      service.create = () => service.refuse(500, 'no');
    },
  },
  {
    name: 'a create whose client hung up cannot be repeated',
    caughtBy: 'create.lost-reply',
    breaks: instead(
      'create',
      (right) =>
        (async (incoming: Incoming) => {
          await later();
          if (incoming.isGone()) incoming.fields.set('team', '');
          return right(incoming);
        }) as unknown as Reference['create'],
    ),
  },
  // status and info
  { name: 'status with 201', caughtBy: 'status.readable', breaks: reply('status', () => ({ status: 201 })) },
  {
    name: 'status never replies',
    caughtBy: 'status.readable',
    breaks: (service) => {
      service.status = (() => new Promise(() => undefined)) as unknown as Reference['status'];
    },
  },
  { name: 'an instance that stays down', caughtBy: 'status.up', breaks: reply('status', () => ({ status: 500 })) },
  {
    name: 'a status in JSON',
    caughtBy: 'status.text',
    breaks: reply('status', ({ status }) => (status === 204 ? { status: 200, body: { status: 'up' } } : { status })),
  },
  {
    name: 'a status for every name',
    caughtBy: 'status.missing',
    breaks: instead(
      'missing',
      (right) => (incoming) => (incoming.segments[2] === 'status' ? { status: 204 } : right(incoming)),
    ),
  },
  {
    name: 'info as an object',
    caughtBy: 'info.readable',
    breaks: reply('info', () => ({ status: 200, body: { label: 'Address', value: 'x' } })),
  },
  {
    name: 'a number in the info',
    caughtBy: 'info.readable',
    breaks: reply('info', () => ({ status: 200, body: [{ label: 'Units', value: 2 }] })),
  },
  {
    name: 'info without labels',
    caughtBy: 'info.labelled',
    breaks: reply('info', () => ({ status: 200, body: [{ name: 'Address', value: 'x' }] })),
  },
  {
    name: 'info for every name',
    caughtBy: 'info.missing',
    breaks: instead(
      'missing',
      (right) => (incoming) =>
        incoming.method === 'GET' && incoming.segments.length === 2 ? { status: 200, body: [] } : right(incoming),
    ),
  },
  { name: 'info with 204', caughtBy: 'info.shown', breaks: reply('info', () => ({ status: 204 })) },
  // update
  { name: '404 on update', caughtBy: 'update.not-found', breaks: reply('update', () => ({ status: 404 })) },
  { name: '501 on update', caughtBy: 'update.not-found', breaks: reply('update', () => ({ status: 501 })) },
  {
    name: '400 on every update',
    caughtBy: 'update.success',
    breaks: reply('update', () => ({ status: 400, body: 'not possible' })),
  },
  {
    name: 'an empty update crashes',
    caughtBy: 'update.empty',
    breaks: instead('update', (right) => (instance, incoming) => {
      if ((incoming.fields.get('plan') ?? '') === '') throw new Error('no plan');
      return right(instance, incoming);
    }),
  },
  {
    name: 'an update makes new credentials',
    caughtBy: 'update.keeps-binds',
    breaks: (service) => {
      const renew = salted(service, ({ name }) => name);
      const right = service.update.bind(service);
      service.update = (instance, incoming) => {
        renew(instance.name);
        return right(instance, incoming);
      };
    },
  },
  {
    name: 'an update to an unknown plan succeeds',
    caughtBy: 'update.unknown-plan',
    breaks: reply('update', () => ({ status: 200 })),
  },
  {
    name: 'a refused update that does not say how to set the plan back',
    caughtBy: 'update.set-back',
    breaks: reply('update', (right) =>
      right.status === 400 ? { status: 400, body: 'choose the plan small or large' } : right,
    ),
  },
  {
    name: 'a refused update that sets the plan to the one that was refused',
    caughtBy: 'update.set-back',
    breaks: instead('update', () => ({ name }, { fields }) => {
      const plan = fields.get('plan') ?? '';
      if (plan === '' || plan === 'small' || plan === 'large') return { status: 200 };
      return { status: 400, body: `set it back: tsuru service instance update svc ${name} -p ${plan}` };
    }),
  },
  {
    name: '404 on update of a missing instance',
    caughtBy: 'update.missing',
    breaks: (service) => {
      service.missing = () => service.refuse(404, 'there is no such instance');
    },
  },
  // bind
  {
    name: 'a number in the map of variables',
    caughtBy: 'bind-app.success',
    breaks: reply('bindApp', (right) => (right.status === 201 ? { status: 201, body: { PORT: 5432 } } : right)),
  },
  {
    name: 'variables as a list',
    caughtBy: 'bind-app.success',
    breaks: reply('bindApp', (right) => (right.status === 201 ? { status: 200, body: ['HOST'] } : right)),
  },
  {
    name: 'a bind without a body',
    caughtBy: 'bind-app.success',
    breaks: reply('bindApp', (right) => (right.status === 201 ? { status: 204 } : right)),
  },
  {
    name: 'variables inside an object',
    caughtBy: 'bind-app.success',
    breaks: reply('bindApp', (right) => (right.status === 201 ? { status: 200, body: { env: right.body } } : right)),
  },
  {
    name: 'an app must have a host',
    caughtBy: 'bind-app.no-host',
    breaks: instead(
      'bindApp',
      (right, service) => (instance, incoming) =>
        incoming.fields.has('app-hosts') || incoming.fields.has('appHosts')
          ? right(instance, incoming)
          : service.refuse(400, 'no host'),
    ),
  },
  {
    name: 'an internal host crashes the bind',
    caughtBy: 'bind-app.two-hosts',
    breaks: instead('bindApp', (right) => (instance, incoming) => {
      if (incoming.fields.has('app-internal-hosts')) throw new Error('no');
      return right(instance, incoming);
    }),
  },
  {
    name: 'an instance takes one app',
    caughtBy: 'bind-app.second-app',
    breaks: instead('bindApp', (right, service) => (instance, incoming) => {
      const key = `app/${incoming.fields.get('app-name') ?? ''}`;
      const isTaken = [...instance.binds].some(([who, isBound]) => isBound && who.startsWith('app/') && who !== key);
      return isTaken ? service.refuse(409, 'it is bound to another app') : right(instance, incoming);
    }),
  },
  {
    name: 'binds are kept by host',
    caughtBy: 'bind-app.shared-host',
    breaks: (service) => {
      const holders = new Map<string, string>();
      const right = service.bindApp.bind(service);
      service.bindApp = (instance, incoming) => {
        const key = `${instance.name} ${incoming.fields.get('app-hosts') ?? incoming.fields.get('appHosts') ?? ''}`;
        const app = incoming.fields.get('app-name') ?? '';
        if ((holders.get(key) ?? app) !== app) return service.refuse(409, 'the host is bound');
        holders.set(key, app);
        return right(instance, incoming);
      };
    },
  },
  {
    name: 'variables with names that no shell accepts',
    caughtBy: 'bind-app.variable-names',
    breaks: reply('bindApp', (right) => (right.status === 201 ? { ...right, body: { 'svc-host': 'x' } } : right)),
  },
  {
    name: 'a second bind makes new credentials',
    caughtBy: 'bind-app.repeat',
    breaks: instead('variables', (right) => (instance, who) => ({
      ...right(instance, who),
      ...(who.startsWith('app/') && { SVC_PASSWORD: random() }),
    })),
  },
  {
    name: 'a second bind is a conflict',
    caughtBy: 'bind-app.repeat',
    breaks: instead(
      'bind',
      (right, service) => (instance, who) =>
        who.startsWith('app/') && instance.binds.get(who) === true
          ? service.refuse(409, 'bound')
          : right(instance, who),
    ),
  },
  {
    name: 'a bind after an unbind makes new credentials',
    caughtBy: 'bind-app.after-unbind',
    breaks: (service) => {
      const renew = salted(service, ({ name }, who) => name + who);
      const right = service.unbind.bind(service);
      service.unbind = (instance, who) => {
        renew(instance.name + who);
        return right(instance, who);
      };
    },
  },
  {
    name: 'simultaneous binds fail',
    caughtBy: 'bind-app.ten-at-once',
    breaks: (service) => {
      let under = 0;
      const right = service.bindApp.bind(service);
      service.bindApp = (async (instance: Instance, incoming: Incoming) => {
        under++;
        await later();
        const isAlone = under-- === 1;
        return isAlone ? right(instance, incoming) : service.refuse(503, 'busy');
      }) as unknown as Reference['bindApp'];
    },
  },
  {
    name: '500 while pending',
    caughtBy: 'bind-app.pending',
    breaks: instead(
      'bind',
      (right, service) => (instance, who) =>
        instance.isPending ? service.refuse(500, 'not ready') : right(instance, who),
    ),
  },
  {
    name: 'the parameters of a bind crash it',
    caughtBy: 'bind-app.parameters',
    breaks: instead('bindApp', (right) => (instance, incoming) => {
      if ([...incoming.fields.keys()].some((key) => key.startsWith('parameters'))) throw new Error('no');
      return right(instance, incoming);
    }),
  },
  {
    name: 'a missing instance can be bound',
    caughtBy: 'bind-app.missing',
    breaks: instead(
      'missing',
      (right) => (incoming) =>
        incoming.segments[2] === 'bind-app' && incoming.method === 'POST' ? { status: 200, body: {} } : right(incoming),
    ),
  },
  {
    name: 'a stub serves /bind for a missing instance',
    caughtBy: 'bind-app.missing',
    breaks: instead(
      'missing',
      (right) => (incoming) => (incoming.segments[2] === 'bind' ? { status: 200, body: {} } : right(incoming)),
    ),
  },
  {
    name: '400 for a bind to a missing instance',
    caughtBy: 'bind-app.not-found',
    breaks: instead(
      'missing',
      (right, service) => (incoming) =>
        incoming.segments[2] === 'bind-app' && incoming.method === 'POST' ? service.refuse(400, 'no') : right(incoming),
    ),
  },
  {
    name: '/bind is served as well',
    caughtBy: 'bind-app.fallback',
    breaks: instead('dispatch', (right) => (incoming) => {
      if (incoming.method === 'POST' && incoming.segments[2] === 'bind') incoming.segments[2] = 'bind-app';
      return right(incoming);
    }),
  },
  { name: 'jobs cannot be bound', caughtBy: 'bind-job.success', breaks: reply('bindJob', () => ({ status: 404 })) },
  {
    name: 'a bool among the variables of a job',
    caughtBy: 'bind-job.success',
    breaks: reply('bindJob', (right) => (right.status === 201 ? { status: 200, body: { TLS: true } } : right)),
  },
  {
    name: 'a second bind of a job makes new credentials',
    caughtBy: 'bind-job.repeat',
    breaks: instead('variables', (right) => (instance, who) => ({
      ...right(instance, who),
      ...(who.startsWith('job/') && { SVC_PASSWORD: random() }),
    })),
  },
  {
    name: 'a job can be bound to a missing instance',
    caughtBy: 'bind-job.missing',
    breaks: instead(
      'missing',
      (right) => (incoming) =>
        incoming.segments[2] === 'binds' && incoming.method === 'PUT' ? { status: 200, body: {} } : right(incoming),
    ),
  },
  {
    name: 'a job and an app with one name share a bind',
    caughtBy: 'bind-job.apart-from-app',
    breaks: (service) => {
      const renew = salted(service, ({ name }, who) => `${name} ${who.slice('app/'.length)}`);
      const right = service.unbindJob.bind(service);
      service.unbindJob = (instance, job) => {
        renew(`${instance.name} ${job}`);
        return right(instance, job);
      };
    },
  },
  // unbind
  {
    name: 'the body of a DELETE is not read',
    caughtBy: 'unbind-app.success',
    breaks: instead(
      'unbindApp',
      (right) => (instance, incoming) => right(instance, { ...incoming, fields: new Map() }),
    ),
  },
  {
    name: 'an unbind revokes every app',
    caughtBy: 'unbind-app.other-app',
    breaks: (service) => {
      const renew = salted(service, ({ name }, who) => name + who);
      const right = service.unbindApp.bind(service);
      service.unbindApp = (instance, incoming) => {
        for (const who of instance.binds.keys()) {
          if (who !== `app/${incoming.fields.get('app-name') ?? ''}`) renew(instance.name + who);
        }
        return right(instance, incoming);
      };
    },
  },
  {
    name: 'a second unbind crashes',
    caughtBy: 'unbind-app.twice',
    breaks: instead('unbindApp', (right) => (instance, incoming) => {
      if (instance.binds.get(`app/${incoming.fields.get('app-name') ?? ''}`) === false) throw new Error('no');
      return right(instance, incoming);
    }),
  },
  {
    name: '400 for an unbind of an app that was never bound',
    caughtBy: 'unbind-app.never-bound',
    breaks: (service) => {
      service.unbind = (instance, who) => {
        if (!instance.binds.has(who)) return service.refuse(400, 'not bound');
        instance.binds.set(who, false);
        return { status: 200 };
      };
    },
  },
  {
    name: '410 for an unbind from a missing instance',
    caughtBy: 'unbind-app.missing',
    breaks: instead(
      'missing',
      (right, service) => (incoming) =>
        incoming.method === 'DELETE' && incoming.segments[2] === 'bind-app'
          ? service.refuse(410, 'gone')
          : right(incoming),
    ),
  },
  {
    name: 'jobs cannot be unbound',
    caughtBy: 'unbind-job.success',
    breaks: reply('unbindJob', () => ({ status: 405 })),
  },
  {
    name: 'a second unbind of a job crashes',
    caughtBy: 'unbind-job.twice',
    breaks: instead('unbindJob', (right) => (instance, job) => {
      if (instance.binds.get(`job/${job}`) !== true) throw new Error('no');
      return right(instance, job);
    }),
  },
  // destroy
  {
    name: 'a destroy with a body is refused',
    caughtBy: 'destroy.success',
    breaks: instead(
      'destroy',
      (right, service) => (instance, incoming) =>
        incoming.body === '' ? right(instance, incoming) : service.refuse(400, 'DELETE has no body'),
    ),
  },
  {
    name: 'a destroy that removes nothing',
    caughtBy: 'destroy.gone',
    breaks: (service) => {
      service.destroy = () => ({ status: 200 });
    },
  },
  {
    name: 'a second destroy crashes',
    caughtBy: 'destroy.twice',
    breaks: instead('missing', (right) => (incoming) => {
      if (incoming.method === 'DELETE' && incoming.segments.length === 2) throw new Error('no');
      return right(incoming);
    }),
  },
  {
    name: '200 for the destroy of a missing instance',
    caughtBy: 'destroy.missing',
    breaks: instead(
      'missing',
      (right) => (incoming) =>
        incoming.method === 'DELETE' && incoming.segments.length === 2 ? { status: 200 } : right(incoming),
    ),
  },
  {
    name: 'no destroy while a job is bound',
    caughtBy: 'destroy.with-job',
    breaks: instead(
      'destroy',
      (right, service) => (instance, incoming) =>
        [...instance.binds].some(([who, isBound]) => isBound && who.startsWith('job/'))
          ? service.refuse(412, 'unbind first')
          : right(instance, incoming),
    ),
  },
  {
    name: 'a name cannot be reused',
    caughtBy: 'destroy.create-again',
    breaks: (service) => {
      const used = new Set<string>();
      const destroy = service.destroy.bind(service);
      service.destroy = (instance, incoming) => {
        used.add(instance.name);
        return destroy(instance, incoming);
      };
      const right = service.create.bind(service);
      service.create = (incoming) =>
        used.has(incoming.fields.get('name') ?? '') ? service.refuse(409, 'used') : right(incoming);
    },
  },
  {
    name: 'the end of a creation brings a destroyed instance back',
    caughtBy: 'destroy.while-creating',
    breaks: (service) => {
      service.provision = (instance) => {
        setTimeout(() => {
          instance.isPending = false;
          service.instances.set(instance.name, instance);
        }, 60);
      };
    },
  },
  // names
  {
    name: 'names are cut at 63 characters',
    caughtBy: 'names.cut-pair',
    breaks: (service) => {
      service.keyOf = (name) => name.slice(0, 63);
    },
  },
  {
    name: 'names are kept in lower case',
    caughtBy: 'names.case-pair',
    breaks: (service) => {
      service.keyOf = (name) => name.toLowerCase();
    },
  },
  {
    name: 'hyphens in names are replaced',
    caughtBy: 'names.separator-pair',
    breaks: (service) => {
      service.keyOf = (name) => name.replaceAll('-', '_');
    },
  },
  {
    name: 'a bind crashes on hyphens',
    caughtBy: 'names.hyphen',
    breaks: instead('bind', (right) => (instance, who) => {
      if (instance.name.includes('--')) throw new Error('no');
      return right(instance, who);
    }),
  },
  {
    name: 'a bind crashes on capital letters',
    caughtBy: 'names.capitals',
    breaks: instead('bind', (right) => (instance, who) => {
      if (/[A-Z]{3}/.test(instance.name)) throw new Error('no');
      return right(instance, who);
    }),
  },
  {
    name: 'a bind crashes on underscores',
    caughtBy: 'names.underscore',
    breaks: instead('bind', (right) => (instance, who) => {
      if (instance.name.includes('__')) throw new Error('no');
      return right(instance, who);
    }),
  },
  {
    name: 'a create crashes on a long name',
    caughtBy: 'names.long',
    breaks: instead('create', (right) => (incoming) => {
      if ((incoming.fields.get('name') ?? '').length > 100) throw new Error('no');
      return right(incoming);
    }),
  },
  {
    name: 'app names are cut at 36 characters',
    caughtBy: 'names.app-pair',
    breaks: (service) => {
      const cut = ({ name }: Instance, who: string) => (who.length > 40 ? name + who.slice(0, 40) : '');
      const renew = salted(service, cut);
      const right = service.unbind.bind(service);
      service.unbind = (instance, who) => {
        if (who.length > 40) renew(cut(instance, who));
        return right(instance, who);
      };
    },
  },
  {
    name: 'an instance named plans',
    caughtBy: 'names.plans',
    breaks: instead(
      'create',
      (right) => (incoming) => (incoming.fields.get('name') === 'plans' ? { status: 201 } : right(incoming)),
    ),
  },
  {
    name: 'instances are kept in a plain object',
    caughtBy: 'names.built-in',
    breaks: instead(
      'missing',
      (right) => (incoming) =>
        incoming.segments[2] === 'status' && (incoming.segments[1] ?? '') in {} ? { status: 204 } : right(incoming),
    ),
  },
  {
    name: 'any name is accepted',
    caughtBy: 'names.illegal',
    breaks: instead('create', (right) => (incoming) => {
      const made = right(incoming);
      return made.status === 400 && /["'é ]/.test(incoming.fields.get('name') ?? '') ? { status: 201 } : made;
    }),
  },
  // parameters
  {
    name: 'every parameter crashes',
    caughtBy: 'parameters.simple',
    breaks: instead('parametersOf', (right) => (fields) => {
      if ([...fields.keys()].some((key) => key.startsWith('parameters'))) throw new Error('no');
      return right(fields);
    }),
  },
  {
    name: 'nested parameters crash',
    caughtBy: 'parameters.nested',
    breaks: instead('parametersOf', (right) => (fields) => {
      if (/inner/.test([...fields].join())) throw new Error('no');
      return right(fields);
    }),
  },
  {
    name: 'lists in parameters crash',
    caughtBy: 'parameters.list',
    breaks: instead('parametersOf', (right) => (fields) => {
      if (fields.has('parameters.check.0')) throw new Error('no');
      return right(fields);
    }),
  },
  {
    name: 'brackets in parameter names crash',
    caughtBy: 'parameters.dots',
    breaks: instead('parametersOf', (right) => (fields) => {
      if ([...fields.keys()].some((key) => key.includes('['))) throw new Error('no');
      return right(fields);
    }),
  },
  {
    name: 'parameters outside ASCII crash',
    caughtBy: 'parameters.unicode',
    breaks: instead('parametersOf', (right) => (fields) => {
      if (/[^ -~]/.test(right(fields))) throw new Error('no');
      return right(fields);
    }),
  },
  {
    name: 'an empty key crashes',
    caughtBy: 'parameters.empty',
    breaks: instead('parametersOf', (right) => (fields) => {
      if (fields.has('parameters.')) throw new Error('no');
      return right(fields);
    }),
  },
  {
    name: '__proto__ breaks the next create',
    caughtBy: 'parameters.poison',
    breaks: (service) => {
      let isPoisoned = false;
      const right = service.parametersOf.bind(service);
      service.parametersOf = (fields) => {
        if ([...fields.keys()].some((key) => key.includes('__proto__'))) isPoisoned = true;
        if (isPoisoned) {
          isPoisoned = false;
          throw new Error('no');
        }
        return right(fields);
      };
    },
  },
  // auth
  {
    name: 'status requires no password',
    caughtBy: 'auth.missing',
    breaks: instead(
      'isAuthorized',
      (right) => (given, incoming) => incoming.segments[2] === 'status' || right(given, incoming),
    ),
  },
  {
    name: 'no password at all',
    caughtBy: 'auth.missing',
    breaks: (service) => {
      service.isAuthorized = () => true;
    },
  },
  {
    name: 'the beginning of the password is enough',
    caughtBy: 'auth.wrong-password',
    breaks: (service) => {
      service.isAuthorized = (given = '') =>
        Buffer.from(given.replace(/^Basic /, ''), 'base64')
          .toString()
          .startsWith('svc:a secret of the tests');
    },
  },
  {
    name: 'any user name is accepted',
    caughtBy: 'auth.wrong-user',
    breaks: (service) => {
      service.isAuthorized = (given = '') =>
        given.startsWith('Basic ') &&
        Buffer.from(given.slice(6), 'base64').toString().endsWith(':a secret of the tests');
    },
  },
  {
    name: 'a malformed header crashes',
    caughtBy: 'auth.malformed',
    breaks: instead('isAuthorized', (right) => (given, incoming) => {
      if (given?.endsWith('!!!')) throw new Error('no');
      return right(given, incoming);
    }),
  },
  {
    name: 'other paths require no password',
    caughtBy: 'auth.other-paths',
    breaks: (service) => {
      const right = service.isAuthorized.bind(service);
      service.isAuthorized = (given, incoming) =>
        incoming.segments[0] === 'authenticated-resources' || right(given, incoming);
      const unknown = service.unknown.bind(service);
      service.unknown = (incoming) =>
        incoming.segments[0] === 'authenticated-resources' ? { status: 200 } : unknown(incoming);
    },
  },
  {
    name: 'a 401 without a scheme',
    caughtBy: 'auth.challenge',
    breaks: instead('write', (right) => (response, { status, body }) => {
      right(response, { status, body });
    }),
  },
  // the proxy
  {
    name: 'the path is normalized',
    caughtBy: 'proxy.dot-segments',
    breaks: readsPath((target) => (target.includes('%2') ? target : normalized(target))),
  },
  {
    name: 'the encoded path is normalized',
    caughtBy: 'proxy.encoded-dots',
    breaks: readsPath((target) => (/%2e/i.test(target) ? normalized(target) : target)),
  },
  {
    name: 'the path is decoded before it is split',
    caughtBy: 'proxy.encoded-slash',
    breaks: readsPath((target) => (/%2f/i.test(target) ? normalized(decodeURIComponent(target)) : target)),
  },
  {
    name: 'every user reaches every instance',
    caughtBy: 'proxy.authenticated-resources',
    breaks: readsPath((target) => (target.startsWith('/authenticated') ? normalized(target) : target)),
  },
  {
    name: 'a trailing slash is ignored',
    caughtBy: 'proxy.trailing-slash',
    breaks: readsPath((target) => target.replace(/\/+$/, '')),
  },
  {
    name: 'two slashes count as one',
    caughtBy: 'proxy.double-slash',
    breaks: readsPath((target) => target.replace(/(\/)\/+(?=.)/g, '$1')),
  },
  {
    name: 'an encoded slash separates segments',
    caughtBy: 'proxy.encoded-separator',
    breaks: readsPath((target) => target.replace(/^\/resources%2f/i, '/resources/')),
  },
  {
    name: 'the case of a path is ignored',
    caughtBy: 'proxy.case',
    breaks: readsPath((target) => target.replace(/^\/resources/i, '/resources')),
  },
  {
    name: 'a header turns a GET into a DELETE',
    caughtBy: 'proxy.method-override',
    breaks: (service) => {
      const right = service.dispatch.bind(service);
      service.isTrusted = () => true;
      service.dispatch = (incoming) => {
        const other = incoming.headers['x-http-method-override'];
        return right(
          typeof other === 'string'
            ? {
                ...incoming,
                method: other,
                headers: { ...incoming.headers, 'content-type': 'application/json' },
                body: '{}',
              }
            : incoming,
        );
      };
    },
  },
  {
    name: 'the proxy is trusted like Tsuru',
    caughtBy: 'proxy.life-cycle',
    breaks: (service) => {
      service.isTrusted = () => true;
    },
  },
  {
    name: 'every path returns 200',
    caughtBy: 'proxy.unknown-path',
    breaks: (service) => {
      service.unknown = (incoming) =>
        incoming.segments.length === 3 ? { status: 200, body: {} } : service.refuse(404, 'no');
    },
  },
  // hostile input
  {
    name: 'invalid JSON crashes',
    caughtBy: 'hostile.json-syntax',
    breaks: instead('fieldsOf', (right) => (body, type) => {
      if (body.startsWith('{name')) throw new Error('no');
      return right(body, type);
    }),
  },
  {
    name: 'a name that is a number crashes',
    caughtBy: 'hostile.json-values',
    breaks: instead('fieldsOf', (right) => (body, type) => {
      if (body.includes('"name":1')) throw new Error('no');
      return right(body, type);
    }),
  },
  {
    name: 'a create without a name succeeds',
    caughtBy: 'hostile.no-name',
    breaks: instead(
      'create',
      (right) => (incoming) => ((incoming.fields.get('name') ?? '') === '' ? { status: 201 } : right(incoming)),
    ),
  },
  {
    name: 'a bind without an app crashes',
    caughtBy: 'hostile.no-app',
    breaks: instead('bindApp', (right) => (instance, incoming) => {
      if ((incoming.fields.get('app-name') ?? '') === '') throw new Error('no');
      return right(instance, incoming);
    }),
  },
  {
    name: 'an invalid escape crashes',
    caughtBy: 'hostile.form',
    breaks: instead('fieldsOf', (right) => (body, type) => {
      if (body.includes('%zz')) throw new Error('no');
      return right(body, type);
    }),
  },
  {
    name: 'an unexpected content type crashes',
    caughtBy: 'hostile.content-type',
    breaks: instead('fieldsOf', (right) => (body, type) => {
      if (type === 'text/plain') throw new Error('no');
      return right(body, type);
    }),
  },
  {
    name: '10,000 fields crash',
    caughtBy: 'hostile.many-fields',
    breaks: instead('fieldsOf', (right) => (body, type) => {
      const fields = right(body, type);
      if ((fields?.size ?? 0) > 5000) throw new Error('no');
      return fields;
    }),
  },
  {
    name: 'deep JSON crashes',
    caughtBy: 'hostile.deep-json',
    breaks: instead('fieldsOf', (right) => (body, type) => {
      if (body.includes('[[[[[[')) throw new RangeError('too deep');
      return right(body, type);
    }),
  },
  {
    name: 'a large body crashes',
    caughtBy: 'hostile.large-body',
    breaks: instead('fieldsOf', (right) => (body, type) => {
      if (body.length > 2_000_000) throw new Error('no');
      return right(body, type);
    }),
  },
  // HTTP
  {
    name: 'a redirect for a trailing slash',
    caughtBy: 'http.redirect',
    breaks: instead(
      'handle',
      (right) => (incoming) =>
        incoming.target.endsWith('/')
          ? right({ ...incoming, target: incoming.target.slice(0, -1) })
          : { status: 301, headers: { location: `${incoming.target}/` } },
    ),
  },
  {
    name: 'a redirect of every call, with its method and body, to a path with a trailing slash',
    caughtBy: 'http.redirect-kept',
    breaks: instead(
      'handle',
      (right) => (incoming) =>
        incoming.target.endsWith('/')
          ? right({ ...incoming, target: incoming.target.slice(0, -1) })
          : { status: 308, headers: { location: `${incoming.target}/` } },
    ),
  },
  {
    name: 'errors in HTML',
    caughtBy: 'http.plain-errors',
    breaks: (service) => {
      service.unknown = () => ({ status: 404, body: HTML });
    },
  },
  {
    name: 'a client that hangs up ends the service',
    caughtBy: 'http.hang-up',
    breaks: instead('write', (right, service) => (response, reply) => {
      if (service.hangUps > 0) response.destroy();
      else right(response, reply);
    }),
  },
  // multi-cluster
  {
    name: 'a pool must have a cluster',
    caughtBy: 'multi-cluster.pool-only',
    breaks: instead(
      'create',
      (right, service) => (incoming) =>
        'x-tsuru-cluster-name' in incoming.headers ? right(incoming) : service.refuse(400, 'the cluster is missing'),
    ),
  },
  {
    name: 'a large header is refused',
    caughtBy: 'multi-cluster.kube-config',
    breaks: instead(
      'create',
      (right) => (incoming) => ('x-tsuru-cluster-kube-config' in incoming.headers ? { status: 431 } : right(incoming)),
    ),
  },
  {
    name: 'plans refuse a call without a pool, in a form that Tsuru does not know',
    caughtBy: 'multi-cluster.plans-without-pool',
    breaks: instead(
      'dispatch',
      (right, service) => (incoming) =>
        incoming.segments[1] === 'plans' && !('x-tsuru-pool-name' in incoming.headers)
          ? service.refuse(400, 'a pool is needed')
          : right(incoming),
    ),
  },
];
