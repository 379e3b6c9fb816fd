import type { Reference } from '../../broken/reference.ts';
import { around, type Trait } from '../trait.ts';

/** Takes a call that a user sends through the proxy as Tsuru's own: most services cannot tell. */
function trusting(service: Reference): void {
  service.isTrusted = () => true;
}

/** Changes the path before it is read. */
function reading(change: (target: string) => string): (service: Reference) => void {
  return (service) => {
    trusting(service);
    const right = service.segmentsOf.bind(service);
    service.segmentsOf = (target) => right(change(target));
  };
}

const LIFE_CYCLE = /^\/resources(\/[^/]+(\/(status|bind-app|binds\/jobs\/[^/]+))?)?(?<slash>\/?)$/;
const FIXED = /(?<=^\/)resources(?=\/|$)|(?<=\/)(status|bind-app|binds\/jobs)(?=\/|$)/gi;

export const PATHS: readonly Trait[] = [
  { name: 'the proxy counts as Tsuru', makes: trusting, fails: ['proxy.life-cycle'] },
  {
    name: 'the case of a path is ignored, as in Express',
    makes: reading((target) => target.replace(FIXED, (word) => word.toLowerCase())),
    fails: ['proxy.case', 'proxy.life-cycle'],
  },
  {
    name: 'a trailing slash is ignored, as in Express',
    makes: reading((target) => target.replace(/\/$/, '')),
    fails: ['proxy.life-cycle', 'proxy.trailing-slash'],
  },
  {
    name: 'two slashes count as one',
    makes: reading((target) => target.replace(/\/{2,}(?=.)/g, '/')),
    fails: ['proxy.double-slash', 'proxy.life-cycle'],
  },
  {
    name: 'every call is redirected with 308 to its path with a slash',
    makes: (service) => {
      around(service, (right) => (incoming) => {
        const slash = LIFE_CYCLE.exec(incoming.target)?.groups?.['slash'];
        if (slash === '') return { status: 308, headers: { location: `${incoming.target}/` } };
        return right(slash === undefined ? incoming : { ...incoming, target: incoming.target.slice(0, -1) });
      });
    },
    fails: ['http.redirect-kept'],
  },
];
