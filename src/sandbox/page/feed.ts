import { useEffect, useState } from 'preact/hooks';

import type { LogLine } from '../page-server/feed.ts';
import type { CallView, FeedLine, View } from '../page-server/view.ts';
import { keyOf, takeKey } from './key.ts';

/** What the page knows of the sandbox. */
export interface Known {
  view: View;
  /** The newest first. */
  calls: Shown[];
  lines: LogLine[];
}

/** A call, and how often it was the same again: the question about a pending instance. */
export type Shown = CallView & { first: number; times: number };

/** `locked`: the key is missing, or that of another start. */
export type Connection = 'opening' | 'open' | 'away' | 'locked';

/** Calls and lines that are kept here. */
const LIMIT = { calls: 500, lines: 1000 };

/** Milliseconds until the next attempt to connect. */
const BACK_OFF = { first: 300, factor: 1.6, longest: 4000 };

/** Follows the sandbox as long as the page is open, and connects again when it was away. */
export function useFeed(): [Known | undefined, Connection] {
  const [known, setKnown] = useState<Known>();
  const [connection, setConnection] = useState<Connection>('opening');
  useEffect(() => {
    let abort = new AbortController();
    const begin = (): void => {
      abort.abort();
      abort = new AbortController();
      takeKey();
      void follow(abort.signal, setConnection, (lines) => {
        setKnown((before) => lines.reduce<Known | undefined>(extended, before));
      });
    };
    begin();
    addEventListener('hashchange', begin);
    return () => {
      removeEventListener('hashchange', begin);
      abort.abort();
    };
  }, []);
  return [known, connection];
}

/** What is known after one more line. */
function extended(known: Known | undefined, line: FeedLine): Known | undefined {
  if (line.type === 'all') return { view: line.view, calls: line.calls.reduce<Shown[]>(withCall, []), lines: line.lines };
  if (known === undefined) return undefined;
  if (line.type === 'view') return { ...known, view: line.view };
  if (line.type === 'call') return { ...known, calls: withCall(known.calls, line.call) };
  return { ...known, lines: [...known.lines, line.line].slice(-LIMIT.lines) };
}

/** A question about a state that is answered as it was shortly before takes the place of the earlier one. */
function withCall(calls: Shown[], call: CallView): Shown[] {
  const same = call.path.endsWith('/status')
    ? calls.slice(0, NEAR).find(({ method, path, status, reading }) => [method, path, status, reading].join() === [call.method, call.path, call.status, call.reading].join())
    : undefined;
  const shown = { ...call, first: same?.first ?? call.number, times: (same?.times ?? 0) + 1 };
  return [shown, ...calls.filter((one) => one !== same)].slice(0, LIMIT.calls);
}

/** How many calls back the same one is looked for. */
const NEAR = 8;

async function follow(signal: AbortSignal, tell: (connection: Connection) => void, take: (lines: FeedLine[]) => void): Promise<void> {
  let pause = BACK_OFF.first;
  const isOver = () => signal.aborted;
  while (!isOver()) {
    try {
      const response = await fetch('/sandbox/feed', { headers: { 'X-Sandbox-Key': keyOf() }, signal });
      if (response.status === 401) {
        tell('locked');
        return;
      }
      if (response.ok && response.body !== null) {
        tell('open');
        pause = BACK_OFF.first;
        await readLines(response.body, take);
      }
    } catch {
      // It is away, as below.
    }
    if (isOver()) return;
    tell('away');
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * BACK_OFF.factor, BACK_OFF.longest);
  }
}

async function readLines(body: ReadableStream<Uint8Array<ArrayBuffer>>, take: (lines: FeedLine[]) => void): Promise<void> {
  let rest = '';
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) take(lines.map((line) => JSON.parse(line) as FeedLine));
  }
}
