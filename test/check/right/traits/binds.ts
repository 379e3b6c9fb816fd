import { randomUUID } from 'node:crypto';

import type { Instance, Reference } from '../../broken/reference.ts';
import { hostOf, type Trait } from '../trait.ts';

/** Credentials that cannot be computed: made at the first bind of an app or a job, and kept. */
function keptCredentials(service: Reference): { forget: (instance: Instance, who: string) => void } {
  const kept = new WeakMap<Instance, Map<string, string>>();
  service.variables = (instance, who) => {
    const secrets = kept.get(instance) ?? new Map<string, string>();
    kept.set(instance, secrets);
    const secret = secrets.get(who) ?? randomUUID();
    secrets.set(who, secret);
    return { SVC_USER: `user_${secret.slice(0, 8)}`, SVC_PASSWORD: secret };
  };
  return { forget: (instance, who) => kept.get(instance)?.delete(who) };
}

export const BINDS: readonly Trait[] = [
  {
    name: 'a bind needs a host',
    makes: (service) => {
      const right = service.bindApp.bind(service);
      service.bindApp = (instance, incoming) =>
        hostOf(incoming.fields) === undefined ? service.refuse(400, 'the app needs a host') : right(instance, incoming);
    },
    fails: ['bind-app.no-host'],
  },
  {
    name: 'binds are kept by host, and a second app with the host gets the credentials of the first',
    makes: (service) => {
      const keyOf = (fields: Parameters<typeof hostOf>[0]) => `app/${hostOf(fields) ?? fields.get('app-name') ?? ''}`;
      const right = service.bindApp.bind(service);
      service.bindApp = (instance, incoming) =>
        (incoming.fields.get('app-name') ?? '') === ''
          ? right(instance, incoming)
          : service.bind(instance, keyOf(incoming.fields));
      service.unbindApp = (instance, { fields }) => service.unbind(instance, keyOf(fields));
    },
    fails: ['bind-app.shared-host'],
  },
  {
    name: 'binds are kept by host, and a second app with the host is refused',
    makes: (service) => {
      const holders = new WeakMap<Instance, Map<string, string>>();
      const [bindApp, unbindApp] = [service.bindApp.bind(service), service.unbindApp.bind(service)];
      service.bindApp = (instance, incoming) => {
        const [app, host] = [incoming.fields.get('app-name') ?? '', hostOf(incoming.fields)];
        const byHost = holders.get(instance) ?? new Map<string, string>();
        holders.set(instance, byHost);
        if (host === undefined) return bindApp(instance, incoming);
        if ((byHost.get(host) ?? app) !== app) return service.refuse(409, `another app with the host ${host} is bound`);
        const bound = bindApp(instance, incoming);
        if (bound.status === 201) byHost.set(host, app);
        return bound;
      };
      service.unbindApp = (instance, incoming) => {
        const byHost = holders.get(instance);
        for (const [host, app] of byHost ?? []) if (app === incoming.fields.get('app-name')) byHost?.delete(host);
        return unbindApp(instance, incoming);
      };
    },
    fails: ['bind-app.shared-host'],
  },
  {
    name: 'every app gets credentials that are made at random and kept',
    makes: keptCredentials,
    fails: [],
  },
  {
    name: 'an unbind forgets the credentials',
    makes: (service) => {
      const { forget } = keptCredentials(service);
      const right = service.unbind.bind(service);
      service.unbind = (instance, who) => {
        forget(instance, who);
        return right(instance, who);
      };
    },
    fails: ['bind-app.after-unbind'],
  },
  {
    name: 'every bind makes new credentials',
    makes: (service) => {
      service.variables = () => ({ SVC_HOST: 'svc.example.com', SVC_PASSWORD: randomUUID() });
    },
    fails: ['bind-app.repeat', 'bind-job.repeat'],
    blocks: [
      ...['bind-app.after-unbind', 'bind-app.same-at-once', 'bind-app.shared-host', 'bind-app.ten-at-once'],
      ...['bind-job.apart-from-app', 'names.app-pair', 'names.case-pair', 'names.cut-pair', 'names.separator-pair'],
      ...['unbind-app.other-app', 'update.keeps-binds'],
    ],
  },
  {
    name: 'binds have no variables',
    makes: (service) => {
      service.variables = () => ({});
    },
    fails: [],
  },
  {
    name: 'every app gets the same credentials',
    makes: (service) => {
      service.variables = ({ name }) => ({ SVC_URL: `http://${name}.example.com` });
    },
    fails: [],
  },
  {
    name: 'only `bind` is served, the older route',
    makes: (service) => {
      const right = service.dispatch.bind(service);
      service.dispatch = (incoming) => {
        const [first = '', name = '', what] = incoming.segments;
        if (incoming.method !== 'POST' || incoming.segments.length !== 3) return right(incoming);
        if (what === 'bind-app') return service.unknown(incoming);
        return right(what === 'bind' ? { ...incoming, segments: [first, name, 'bind-app'] } : incoming);
      };
    },
    fails: [],
  },
  {
    name: 'an unbind of an app that was never bound gets 200',
    makes: (service) => {
      service.unbind = (instance, who) => {
        instance.binds.set(who, false);
        return { status: 200 };
      };
    },
    fails: [],
  },
  {
    name: 'the second unbind gets 404',
    makes: (service) => {
      service.unbind = (instance, who) =>
        instance.binds.delete(who) ? { status: 200 } : service.refuse(404, 'it is not bound');
    },
    fails: [],
  },
  {
    name: 'parameters of a bind are refused',
    makes: (service) => {
      const right = service.bindApp.bind(service);
      service.bindApp = (instance, incoming) =>
        [...incoming.fields].some(([key, value]) => key.startsWith('parameters') && value !== '{}')
          ? service.refuse(400, 'a bind has no parameters')
          : right(instance, incoming);
    },
    fails: [],
  },
];
