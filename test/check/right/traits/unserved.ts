import type { Reference } from '../../broken/reference.ts';
import { readyAtOnce, replyInstead, type Trait } from '../trait.ts';

const ROUTES = {
  plans: /^GET \/resources\/plans$/,
  info: /^GET \/resources\/(?!plans$)[^/]+$/,
  status: /^GET \/resources\/[^/]+\/status$/,
  update: /^PUT \/resources\/[^/]+$/,
  jobs: /^(PUT|DELETE) \/resources\/[^/]+\/binds\/jobs\//,
};

/** Takes a route away. Frameworks look for the route first, so that the password makes no difference. */
function without(route: keyof typeof ROUTES, status: 404 | 405): (service: Reference) => void {
  return (service) => {
    if (route === 'status') readyAtOnce(service);
    replyInstead(service, ROUTES[route], () => service.refuse(status, status === 404 ? 'unknown path' : 'method not allowed'));
  };
}

/** The checks that need the bind of a job. */
const OF_JOBS = [
  ...['bind-job.apart-from-app', 'bind-job.repeat', 'destroy.with-job'],
  ...['unbind-job.success', 'unbind-job.twice'],
];

export const UNSERVED: readonly Trait[] = [
  {
    name: 'no plans',
    makes: without('plans', 404),
    fails: ['plans.shown'],
    blocks: ['multi-cluster.plans-without-pool'],
  },
  { name: 'no info', makes: without('info', 404), fails: ['info.shown'] },
  { name: 'no info, which gets 405', makes: without('info', 405), fails: ['info.shown'] },
  { name: 'no status', makes: without('status', 404), fails: [] },
  {
    name: 'no status, which gets 405',
    makes: without('status', 405),
    fails: ['status.readable'],
    blocks: ['status.missing', 'status.up'],
  },
  {
    name: 'no update, which gets 404',
    makes: without('update', 404),
    fails: ['update.not-found'],
    blocks: [
      ...['update.empty', 'update.keeps-binds', 'update.missing'],
      ...['update.set-back', 'update.success', 'update.unknown-plan'],
    ],
  },
  {
    name: 'no update, which gets 405',
    makes: without('update', 405),
    fails: ['update.success'],
    blocks: ['update.set-back'],
  },
  { name: 'no jobs, which get 404', makes: without('jobs', 404), fails: ['bind-job.success'], blocks: OF_JOBS },
  { name: 'no jobs, which get 405', makes: without('jobs', 405), fails: ['bind-job.success'], blocks: OF_JOBS },
];
