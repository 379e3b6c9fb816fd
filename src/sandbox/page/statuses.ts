import { useEffect, useRef, useState } from 'preact/hooks';

import type { InstanceView, View } from '../page-server/view.ts';
import { path, tsuru } from './api.ts';
import type { Connection } from './feed.ts';

/** What Tsuru says of an instance: `text` is its word, such as `up`, or its error. */
export interface Status {
  kind: 'up' | 'pending' | 'down' | 'other' | 'error' | 'asking';
  text: string;
}

export interface Statuses {
  of: (instance: InstanceView) => Status | undefined;
  ask: (instance: InstanceView) => void;
}

/** Instances that are asked for without a click, and milliseconds between two questions about one that is pending. */
const LIMIT = { unasked: 20, pause: 2000 };

/** Asks the status of instances: of new ones, of pending ones again and again, and after the service or the sandbox was away. */
export function useStatuses(view: View | undefined, connection: Connection): Statuses {
  const [, render] = useState(0);
  const { current: known } = useRef(new Map<string, Status>());
  const { current: timers } = useRef(new Map<string, ReturnType<typeof setTimeout>>());
  const { current: latest } = useRef<{ view: View | undefined }>({ view });
  latest.view = view;
  const set = (key: string, status: Status): void => {
    known.set(key, status);
    render((count) => count + 1);
  };
  const ask = (instance: InstanceView): void => {
    const key = keyOf(instance);
    if (known.get(key)?.kind === 'asking') return;
    clearTimeout(timers.get(key));
    if (known.get(key)?.kind !== 'pending') set(key, { kind: 'asking', text: '' });
    void tsuru('GET', path`/1.0/services/${instance.service}/instances/${instance.name}/status`).then((reply) => {
      if (latest.view?.instances.some((one) => keyOf(one) === key) !== true) {
        known.delete(key);
        return;
      }
      const status = statusOf(reply.ok, reply.text);
      set(key, status);
      if (status.kind === 'pending') timers.set(key, setTimeout(ask, LIMIT.pause, instance));
    });
  };
  const away = view?.services.map((service) => service.away).join() ?? '';
  useEffect(() => {
    for (const instance of view?.instances ?? []) {
      if (connection === 'open' && known.get(keyOf(instance))?.kind === 'error') ask(instance);
    }
  }, [away, connection]);
  useEffect(() => {
    const present = new Set(view?.instances.map(keyOf));
    for (const key of known.keys()) if (!present.has(key)) known.delete(key);
    for (const instance of view?.instances.slice(0, LIMIT.unasked) ?? []) if (!known.has(keyOf(instance))) ask(instance);
  }, [view]);
  return { of: (instance) => known.get(keyOf(instance)), ask };
}

function statusOf(ok: boolean, text: string): Status {
  if (!ok) return { kind: 'error', text };
  const word = (/" is (.*)$/s.exec(text)?.[1] ?? text).trim();
  return { kind: word === 'up' || word === 'pending' || word === 'down' ? word : 'other', text: word };
}

function keyOf({ service, name }: InstanceView): string {
  return `${service}/${name}`;
}
