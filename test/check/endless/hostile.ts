import type { CheckEnding } from '../../../src/check/result.ts';
import {
  always,
  drip,
  gigabyte,
  HANGING,
  headerDrip,
  headerFlood,
  informational,
  onConnection,
  onRequest,
  reference,
  resets,
  type Running,
} from './servers.ts';

/** A server without end, and what the command says about it. */
export interface Hostile {
  name: string;
  start: () => Promise<Running>;
  /** Whether calls wait for something that never comes. */
  hangs?: true;
  /** The line that ends the command before the run; undefined if the run begins. */
  preflight: { exit: 1 | 4; message: RegExp } | undefined;
  /** How a run may end that begins all the same; with several, it depends on the machine which bound is met first. */
  endings: readonly CheckEnding[];
  /** A problem that the run reports. */
  says: RegExp;
}

export const HOSTILE: readonly Hostile[] = [
  {
    name: 'bodies that never end',
    hangs: true,
    start: drip,
    preflight: undefined,
    endings: ['silent', 'overdue'],
    says: /in time/,
  },
  {
    name: 'bodies of 1 GiB',
    start: gigabyte,
    preflight: undefined,
    endings: ['complete', 'overdue'],
    says: /1 MiB/,
  },
  {
    name: 'headers that never end',
    start: headerFlood,
    preflight: { exit: 4, message: /header/i },
    endings: ['complete', 'silent', 'overdue'],
    says: /HPE_HEADER_OVERFLOW/,
  },
  {
    name: 'headers that arrive one by one, for ever',
    hangs: true,
    start: headerDrip,
    preflight: { exit: 4, message: /gives no reply within/ },
    endings: ['silent', 'overdue'],
    says: /in time/,
  },
  {
    name: 'informational replies for ever',
    hangs: true,
    start: informational,
    preflight: { exit: 4, message: /gives no reply within/ },
    endings: ['silent', 'overdue'],
    says: /in time/,
  },
  {
    name: 'connections that are accepted, and never replied to',
    hangs: true,
    start: onConnection((socket) => socket.resume()),
    preflight: { exit: 4, message: /gives no reply within/ },
    endings: ['silent', 'overdue'],
    says: /in time/,
  },
  {
    name: 'connections that are closed at once',
    start: onConnection((socket) => socket.destroy()),
    preflight: { exit: 4, message: /closed|ECONNRESET|socket hang up/ },
    endings: ['complete'],
    says: /no reply/,
  },
  {
    name: 'replies that are not HTTP',
    start: onRequest((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')),
    preflight: { exit: 4, message: /HTTP/ },
    endings: ['complete'],
    says: /HPE_/,
  },
  {
    name: 'bodies that are cut by a reset',
    start: resets,
    preflight: undefined,
    endings: ['complete', 'overdue'],
    says: /./,
  },
  {
    name: '401 for every request',
    start: always(401),
    preflight: { exit: 4, message: /password/ },
    endings: ['complete'],
    says: /got a 401/,
  },
  {
    name: '404 for every request',
    start: always(404),
    preflight: { exit: 1, message: /create|POST \/resources/ },
    endings: ['complete'],
    says: /got a 404/,
  },
  {
    name: '302 for every request, to the same place',
    start: always(302, { location: '/again' }),
    preflight: { exit: 4, message: /stopped after 10 redirects/ },
    endings: ['complete', 'silent', 'overdue'],
    says: /stopped after 10 redirects/,
  },
  {
    name: '307 for every request, to the same place',
    start: always(307, { location: '/again' }),
    preflight: { exit: 4, message: /stopped after 10 redirects/ },
    endings: ['complete', 'silent', 'overdue'],
    says: /stopped after 10 redirects/,
  },
  {
    name: 'a status that hangs in its body',
    hangs: true,
    start: reference((service) => {
      service.status = () => HANGING;
    }),
    preflight: undefined,
    endings: ['complete', 'overdue'],
    says: /in time/,
  },
  {
    name: 'a status that hangs in its body once the instance is destroyed, as during the clean-up',
    hangs: true,
    start: reference((service) => {
      const right = service.missing.bind(service);
      service.missing = (incoming) => (incoming.segments[2] === 'status' ? HANGING : right(incoming));
    }),
    preflight: undefined,
    endings: ['complete', 'overdue'],
    says: /in time/,
  },
  {
    name: 'a destroy that hangs in its body and removes nothing',
    hangs: true,
    start: reference((service) => {
      service.destroy = () => HANGING;
    }),
    preflight: undefined,
    endings: ['complete', 'overdue'],
    says: /still exists|the run ended first/,
  },
  {
    name: 'an instance that stays pending',
    start: reference((service) => {
      service.provision = () => undefined;
    }),
    preflight: undefined,
    endings: ['complete', 'overdue'],
    says: /pending/,
  },
  {
    name: 'everything hangs after the first create',
    hangs: true,
    start: reference((service) => {
      const right = service.dispatch.bind(service);
      service.dispatch = (incoming) => (service.instances.size > 0 ? HANGING : right(incoming));
    }),
    preflight: undefined,
    endings: ['silent', 'overdue'],
    says: /in time/,
  },
];
