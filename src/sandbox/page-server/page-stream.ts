import type { ServerResponse } from 'node:http';

import type { Feed } from './feed.ts';
import { cleanerOf } from './secrets.ts';
import { callView, viewOf, type FeedLine } from './view.ts';
import type { World } from '../world.ts';

/** Bytes that wait for a reader before it is cut off, and milliseconds in which changes are put together. */
const LIMIT = { waiting: 8 * 1_048_576, pause: 50 };

/** Writes the feed as lines of JSON until the reader goes: first everything, then what is new. */
export function writeFeed(response: ServerResponse, world: World, feed: Feed, away: ReadonlyMap<string, string>): void {
  const view = () => viewOf(world, feed.process(), away, cleanerOf(world.state));
  const send = (line: FeedLine): void => {
    if (response.writableLength > LIMIT.waiting) response.destroy();
    else response.write(`${JSON.stringify(line)}\n`);
  };
  let last = view();
  let timer: NodeJS.Timeout | undefined;
  const sendView = (): void => {
    timer = undefined;
    const next = view();
    if (JSON.stringify(next) === JSON.stringify(last)) return;
    last = next;
    send({ type: 'view', view: next });
  };
  const clean = cleanerOf(world.state);
  send({
    ...{ type: 'all', view: last, calls: world.traffic.list().map((call) => callView(call, clean)) },
    lines: feed.lines().map((line) => ({ ...line, text: clean(line.text) })),
  });
  const end = feed.follow((news) => {
    if (news.type === 'changed') timer ??= setTimeout(sendView, LIMIT.pause);
    else if (news.type === 'call') send({ type: 'call', call: callView(news.call, cleanerOf(world.state)) });
    else send({ type: 'line', line: { ...news.line, text: cleanerOf(world.state)(news.line.text) } });
  });
  response.on('close', () => {
    end();
    clearTimeout(timer);
  });
}
