import type { Reference, Reply } from '../../broken/reference.ts';
import { readyAtOnce, replyInstead, type Trait } from '../trait.ts';

const INFO = /^GET \/resources\/(?!plans$)[^/]+$/;
const STATUS_ROUTE = /^GET \/resources\/[^/]+\/status$/;

/** Creates instances in the background, for some milliseconds, whether or not their status is read. */
function slowly(service: Reference, milliseconds: number): void {
  service.provision = (instance) => {
    setTimeout(() => {
      instance.isPending = false;
    }, milliseconds);
  };
}

/** Gives instances, and names without one, a status that never changes. */
function constant(reply: Reply): (service: Reference) => void {
  return (service) => {
    readyAtOnce(service);
    service.status = () => reply;
    const right = service.missing.bind(service);
    service.missing = (incoming) =>
      incoming.method === 'GET' && incoming.segments[2] === 'status' ? reply : right(incoming);
  };
}

/** Gives an instance that is up a status with a text. */
function text(make: () => string): (service: Reference) => void {
  return (service) => {
    const right = service.status.bind(service);
    service.status = (instance) => {
      const reply = right(instance);
      return reply.status === 204 ? { status: 200, body: make() } : reply;
    };
  };
}

let count = 0;

export const STATUS: readonly Trait[] = [
  { name: 'a status with a short text', makes: text(() => 'ready'), fails: [] },
  { name: 'a status with a text that always changes', makes: text(() => `up, ${++count} connections`), fails: [] },
  {
    name: 'a status with a text while the instance is created, and 412 for its binds',
    makes: (service) => {
      slowly(service, 200);
      const right = service.status.bind(service);
      service.status = (instance) => {
        const { status } = right(instance);
        return { status: 200, body: status === 202 ? 'creating' : 'ready' };
      };
    },
    fails: [],
  },
  {
    name: 'no status, and 412 for binds while the instance is created',
    makes: (service) => {
      slowly(service, 200);
      replyInstead(service, STATUS_ROUTE, () => service.refuse(404, 'unknown path'));
    },
    fails: [],
  },
  {
    name: 'the status is always "up"',
    makes: constant({ status: 200, body: 'up' }),
    fails: ['status.missing'],
    blocks: ['names.built-in'],
  },
  {
    name: 'the status is always 204',
    makes: constant({ status: 204 }),
    fails: ['status.missing'],
    blocks: ['names.built-in'],
  },
  {
    name: 'the status is always 500',
    makes: constant({ status: 500 }),
    fails: ['status.up'],
    blocks: ['names.built-in', 'status.missing'],
  },
  {
    name: 'the status is always 204, and there is no info',
    makes: (service) => {
      constant({ status: 204 })(service);
      replyInstead(service, INFO, () => service.refuse(404, 'unknown path'));
    },
    fails: ['info.shown', 'status.missing'],
    blocks: ['names.built-in'],
  },
];
