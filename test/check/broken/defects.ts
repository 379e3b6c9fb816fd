import { randomBytes } from 'node:crypto';

import type { Incoming, Instance, Reference, Reply } from './reference.ts';

/** One way in which a service can be wrong, and the check that is meant to find it. */
export interface Defect {
  name: string;
  caughtBy: string;
  /** Breaks that one part. */
  breaks: (service: Reference) => void;
}

const HTML = '<!DOCTYPE html><html><body><pre>Cannot do that</pre></body></html>';
const STACK = 'Error: no\n    at create (/srv/app.js:10:5)\n    at handle (/srv/app.js:30:7)';

/** A second creation that finds the first one still under way; what every race needs. */
const later = () => new Promise((resolve) => setTimeout(resolve, 20));

/** Makes a method answer something else, made of what it would have answered. */
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

/** Puts something in the place of one part of a service, which can still use the right one. */
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
 * Makes the credentials of a bind depend on a salt.
 * @returns what makes a new one, for those binds that have that key
 */
function salted(service: Reference, keyOf: (instance: Instance, who: string) => string): (key: string) => void {
  const salts = new Map<string, string>();
  const right = service.variables.bind(service);
  service.variables = (instance, who) => ({ ...right(instance, who), SVC_SALT: salts.get(keyOf(instance, who)) ?? '' });
  return (key) => void salts.set(key, random());
}

/** Reads another path than the one that came, and does not tell the proxy from Tsuru. */
function readsPath(change: (target: string) => string): (service: Reference) => void {
  return (service) => {
    const right = service.segmentsOf.bind(service);
    service.isTrusted = () => true;
    service.segmentsOf = (target) => right(change(target));
  };
}

/** The path as `new URL()` would fold it. */
const folded = (target: string) => new URL(target, 'http://x').pathname;

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
    name: 'two plans of one name',
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
    name: 'create answers 400 for tags',
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
    name: 'any plan is taken',
    caughtBy: 'create.unknown-plan',
    breaks: instead('create', (right) => (incoming) => {
      incoming.fields.set('plan', 'small');
      return right(incoming);
    }),
  },
  {
    name: 'a refusal without a word',
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
    name: 'create with 200 is fine, but 204 says less',
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
    name: 'a create whose client hung up is stuck',
    caughtBy: 'create.lost-answer',
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
  { name: 'the status 201', caughtBy: 'status.readable', breaks: reply('status', () => ({ status: 201 })) },
  {
    name: 'a status that never answers',
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
    name: 'an update with nothing in it breaks',
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
    name: 'an update to a plan that is not there',
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
    name: 'an app has to have a host',
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
    name: 'an app with an internal host breaks',
    caughtBy: 'bind-app.two-hosts',
    breaks: instead('bindApp', (right) => (instance, incoming) => {
      if (incoming.fields.has('app-internal-hosts')) throw new Error('no');
      return right(instance, incoming);
    }),
  },
  {
    name: 'variables that no shell takes',
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
    name: 'binds at once overwrite each other',
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
    name: 'parameters of a bind break it',
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
    name: 'a stub answers /bind for a missing instance',
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
    name: 'a null where a map belongs is fine, a bool is not',
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
    name: 'a job and an app of one name are one',
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
    name: 'a second unbind breaks',
    caughtBy: 'unbind-app.twice',
    breaks: instead('unbindApp', (right) => (instance, incoming) => {
      if (instance.binds.get(`app/${incoming.fields.get('app-name') ?? ''}`) === false) throw new Error('no');
      return right(instance, incoming);
    }),
  },
  {
    name: '400 for an unbind of what was never bound',
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
    name: 'a second unbind of a job breaks',
    caughtBy: 'unbind-job.twice',
    breaks: instead('unbindJob', (right) => (instance, job) => {
      if (instance.binds.get(`job/${job}`) !== true) throw new Error('no');
      return right(instance, job);
    }),
  },
  // destroy
  {
    name: 'a destroy that needs no body, and breaks with one',
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
    name: 'a second destroy breaks',
    caughtBy: 'destroy.twice',
    breaks: instead('missing', (right) => (incoming) => {
      if (incoming.method === 'DELETE' && incoming.segments.length === 2) throw new Error('no');
      return right(incoming);
    }),
  },
  {
    name: '200 for the destroy of what never was',
    caughtBy: 'destroy.missing',
    breaks: instead(
      'missing',
      (right) => (incoming) =>
        incoming.method === 'DELETE' && incoming.segments.length === 2 ? { status: 200 } : right(incoming),
    ),
  },
  {
    name: 'no destroy while something is bound',
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
    name: 'a name is used up',
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
    name: 'a creation that ends brings a destroyed instance back',
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
    name: 'signs in names are replaced',
    caughtBy: 'names.separator-pair',
    breaks: (service) => {
      service.keyOf = (name) => name.replaceAll('-', '_');
    },
  },
  {
    name: 'capitals break',
    caughtBy: 'names.capitals',
    breaks: instead('bind', (right) => (instance, who) => {
      if (/[A-Z]{3}/.test(instance.name)) throw new Error('no');
      return right(instance, who);
    }),
  },
  {
    name: 'an underscore breaks',
    caughtBy: 'names.underscore',
    breaks: instead('bind', (right) => (instance, who) => {
      if (instance.name.includes('__')) throw new Error('no');
      return right(instance, who);
    }),
  },
  {
    name: 'long names break',
    caughtBy: 'names.long',
    breaks: instead('create', (right) => (incoming) => {
      if ((incoming.fields.get('name') ?? '').length > 100) throw new Error('no');
      return right(incoming);
    }),
  },
  {
    name: 'apps are cut at 63 characters',
    caughtBy: 'names.app-pair',
    breaks: (service) => {
      const cut = ({ name }: Instance, who: string) => (who.length > 60 ? name + who.slice(0, 60) : '');
      const renew = salted(service, cut);
      const right = service.unbind.bind(service);
      service.unbind = (instance, who) => {
        if (who.length > 60) renew(cut(instance, who));
        return right(instance, who);
      };
    },
  },
  {
    name: 'an instance called plans',
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
    name: 'any name is taken',
    caughtBy: 'names.illegal',
    breaks: instead('create', (right) => (incoming) => {
      const made = right(incoming);
      return made.status === 400 && /["'é ]/.test(incoming.fields.get('name') ?? '') ? { status: 201 } : made;
    }),
  },
  // parameters
  {
    name: 'nested parameters break',
    caughtBy: 'parameters.nested',
    breaks: instead('parametersOf', (right) => (fields) => {
      if (/inner/.test([...fields].join())) throw new Error('no');
      return right(fields);
    }),
  },
  {
    name: 'lists in parameters break',
    caughtBy: 'parameters.list',
    breaks: instead('parametersOf', (right) => (fields) => {
      if (fields.has('parameters.check.0')) throw new Error('no');
      return right(fields);
    }),
  },
  {
    name: 'brackets in parameters are nested by a parser',
    caughtBy: 'parameters.dots',
    breaks: instead('parametersOf', (right) => (fields) => {
      if ([...fields.keys()].some((key) => key.includes('['))) throw new Error('no');
      return right(fields);
    }),
  },
  {
    name: 'bodies are read as Latin-1, and refused by the store',
    caughtBy: 'parameters.unicode',
    breaks: instead('parametersOf', (right) => (fields) => {
      if (/[^ -~]/.test(right(fields))) throw new Error('no');
      return right(fields);
    }),
  },
  {
    name: 'an empty key breaks',
    caughtBy: 'parameters.empty',
    breaks: instead('parametersOf', (right) => (fields) => {
      if (fields.has('parameters.')) throw new Error('no');
      return right(fields);
    }),
  },
  {
    name: '__proto__ poisons what comes after it',
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
    name: 'the status asks for no password',
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
    name: 'any user will do',
    caughtBy: 'auth.wrong-user',
    breaks: (service) => {
      service.isAuthorized = (given = '') =>
        given.startsWith('Basic ') &&
        Buffer.from(given.slice(6), 'base64').toString().endsWith(':a secret of the tests');
    },
  },
  {
    name: 'a malformed header breaks',
    caughtBy: 'auth.malformed',
    breaks: instead('isAuthorized', (right) => (given, incoming) => {
      if (given?.endsWith('!!!')) throw new Error('no');
      return right(given, incoming);
    }),
  },
  {
    name: 'other paths ask for no password',
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
    name: 'a refusal names no scheme',
    caughtBy: 'auth.challenge',
    breaks: instead('write', (right) => (response, { status, body }) => {
      right(response, { status, body });
    }),
  },
  // the proxy
  {
    name: 'the path is folded',
    caughtBy: 'proxy.dot-segments',
    breaks: readsPath((target) => (target.includes('%2') ? target : folded(target))),
  },
  {
    name: 'the path is folded by new URL',
    caughtBy: 'proxy.encoded-dots',
    breaks: readsPath((target) => (/%2e/i.test(target) ? folded(target) : target)),
  },
  {
    name: 'the path is decoded before it is split',
    caughtBy: 'proxy.encoded-slash',
    breaks: readsPath((target) => (/%2f/i.test(target) ? folded(decodeURIComponent(target)) : target)),
  },
  {
    name: 'a path for authenticated users reaches every instance',
    caughtBy: 'proxy.authenticated-resources',
    breaks: readsPath((target) => (target.startsWith('/authenticated') ? folded(target) : target)),
  },
  {
    name: 'a slash at the end is nothing',
    caughtBy: 'proxy.trailing-slash',
    breaks: readsPath((target) => target.replace(/\/+$/, '')),
  },
  {
    name: 'two slashes are one',
    caughtBy: 'proxy.double-slash',
    breaks: readsPath((target) => target.replace(/(\/)\/+(?=.)/g, '$1')),
  },
  {
    name: 'the case of a path does not count',
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
    name: 'the proxy is not told apart',
    caughtBy: 'proxy.life-cycle',
    breaks: (service) => {
      service.isTrusted = () => true;
    },
  },
  {
    name: 'every path is fine',
    caughtBy: 'proxy.unknown-path',
    breaks: (service) => {
      service.unknown = (incoming) =>
        incoming.segments.length === 3 ? { status: 200, body: {} } : service.refuse(404, 'no');
    },
  },
  // hostile input
  {
    name: 'broken JSON breaks',
    caughtBy: 'hostile.json-syntax',
    breaks: instead('fieldsOf', (right) => (body, type) => {
      if (body.startsWith('{name')) throw new Error('no');
      return right(body, type);
    }),
  },
  {
    name: 'a name that is a number breaks',
    caughtBy: 'hostile.json-values',
    breaks: instead('fieldsOf', (right) => (body, type) => {
      if (body.includes('"name":1')) throw new Error('no');
      return right(body, type);
    }),
  },
  {
    name: 'a create without a name makes one',
    caughtBy: 'hostile.no-name',
    breaks: instead(
      'create',
      (right) => (incoming) => ((incoming.fields.get('name') ?? '') === '' ? { status: 201 } : right(incoming)),
    ),
  },
  {
    name: 'a bind without an app breaks',
    caughtBy: 'hostile.no-app',
    breaks: instead('bindApp', (right) => (instance, incoming) => {
      if ((incoming.fields.get('app-name') ?? '') === '') throw new Error('no');
      return right(instance, incoming);
    }),
  },
  {
    name: 'an escape that is none breaks',
    caughtBy: 'hostile.form',
    breaks: instead('fieldsOf', (right) => (body, type) => {
      if (body.includes('%zz')) throw new Error('no');
      return right(body, type);
    }),
  },
  {
    name: 'another content type breaks',
    caughtBy: 'hostile.content-type',
    breaks: instead('fieldsOf', (right) => (body, type) => {
      if (type === 'text/plain') throw new Error('no');
      return right(body, type);
    }),
  },
  {
    name: 'ten thousand fields break',
    caughtBy: 'hostile.many-fields',
    breaks: instead('fieldsOf', (right) => (body, type) => {
      const fields = right(body, type);
      if ((fields?.size ?? 0) > 5000) throw new Error('no');
      return fields;
    }),
  },
  {
    name: 'deep JSON breaks',
    caughtBy: 'hostile.deep-json',
    breaks: instead('fieldsOf', (right) => (body, type) => {
      if (body.includes('[[[[[[')) throw new RangeError('too deep');
      return right(body, type);
    }),
  },
  {
    name: 'a large body breaks',
    caughtBy: 'hostile.large-body',
    breaks: instead('fieldsOf', (right) => (body, type) => {
      if (body.length > 2_000_000) throw new Error('no');
      return right(body, type);
    }),
  },
  // HTTP
  {
    name: 'a redirect for a slash at the end',
    caughtBy: 'http.redirect',
    breaks: instead(
      'handle',
      (right) => (incoming) =>
        incoming.target.endsWith('/')
          ? { status: 301, headers: { location: incoming.target.slice(0, -1) } }
          : right(incoming),
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
    name: 'one client that hangs up ends it',
    caughtBy: 'http.hang-up',
    breaks: instead('write', (right, service) => (response, reply) => {
      if (service.hangUps > 0) response.destroy();
      else right(response, reply);
    }),
  },
  // multi-cluster
  {
    name: 'a pool has to have a cluster',
    caughtBy: 'multi-cluster.pool-only',
    breaks: instead(
      'create',
      (right, service) => (incoming) =>
        'x-tsuru-cluster-name' in incoming.headers ? right(incoming) : service.refuse(400, 'the cluster is missing'),
    ),
  },
  {
    name: 'a large header breaks',
    caughtBy: 'multi-cluster.kube-config',
    breaks: instead(
      'create',
      (right) => (incoming) => ('x-tsuru-cluster-kube-config' in incoming.headers ? { status: 431 } : right(incoming)),
    ),
  },
  {
    name: 'plans need a pool, and say so in words of their own',
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
