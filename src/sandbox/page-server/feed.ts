import type { Exchanged } from '../traffic.ts';

/** The process of the service, where the sandbox started it. */
export interface ServiceProcess {
  state: 'starting' | 'up' | 'down';
  /** A sentence for the author. */
  text: string;
}

/** What the process of the service wrote. */
export interface LogLine {
  number: number;
  /** In the form of RFC 3339. */
  time: string;
  text: string;
}

export type News = { type: 'changed' } | { type: 'call'; call: Exchanged } | { type: 'log'; line: LogLine };

/** Tells the open pages what happens. */
export interface Feed {
  /** The state, the faults or the process of the service changed. */
  changed: () => void;
  called: (call: Exchanged) => void;
  /** Takes one line that the service's process wrote. */
  log: (text: string) => void;
  tellService: (state: ServiceProcess['state'], text: string) => void;
  /** Undefined if the sandbox did not start the service. */
  process: () => ServiceProcess | undefined;
  lines: () => readonly LogLine[];
  /** @returns ends it */
  follow: (listener: (news: News) => void) => () => void;
}

/** The last lines that are kept, and the characters of each. */
const LIMIT = { lines: 1000, characters: 4000 };

export function makeFeed(now: () => Date = () => new Date()): Feed {
  const listeners = new Set<(news: News) => void>();
  const kept: LogLine[] = [];
  let count = 0;
  let process: ServiceProcess | undefined;
  const tell = (news: News): void => {
    for (const listener of [...listeners]) listener(news);
  };
  return {
    changed() {
      tell({ type: 'changed' });
    },
    called(call) {
      tell({ type: 'call', call });
    },
    log(text) {
      const line = { number: ++count, time: now().toISOString(), text: text.slice(0, LIMIT.characters) };
      kept.push(line);
      if (kept.length > LIMIT.lines) kept.shift();
      tell({ type: 'log', line });
    },
    tellService(state, text) {
      process = { state, text };
      tell({ type: 'changed' });
    },
    process: () => process,
    lines: () => kept,
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
