import type { Trust } from '../tsuru/trust.ts';
import type { Faults } from './faults.ts';
import type { State } from './state/records.ts';
import type { ReverseProxy } from './proxy/reverse-proxy.ts';
import type { Traffic } from './traffic.ts';

/** What every request works on. */
export interface World {
  state: State;
  /** To be called after each change of the state: it is kept, and shown. */
  changed: () => void;
  now: () => Date;
  /** A new id of 24 hexadecimal digits, as MongoDB makes them. */
  newId: () => string;
  /** A new token or password. */
  newSecret: () => string;
  faults: Faults;
  traffic: Traffic;
  proxy: ReverseProxy;
  settings: Settings;
  /** Aborted when the sandbox ends: no call to a service is waited for any longer. */
  closing: AbortSignal;
}

/** Times are in milliseconds. */
export interface Settings {
  /** After which a call to a service times out; Tsuru's are 300,000. */
  callTimeout: number;
  /** Between two empty lines of a stream; Tsuru's are 30,000. */
  keepAlive: number;
  /** Which certificates of services are trusted. */
  tls: Trust;
}
