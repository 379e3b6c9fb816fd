import { useEffect, useRef } from 'preact/hooks';

import type { LogLine } from '../page-server/feed.ts';
import { Name, Time } from './text.tsx';

/** What the service's process wrote, the newest at the end, which stays in view. */
export function Log({ lines }: { lines: readonly LogLine[] }) {
  const list = useRef<HTMLOListElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (isAtEnd.current) list.current?.scrollTo(0, list.current.scrollHeight);
  });
  if (lines.length === 0) return <p class="soft">Nothing yet. What a service writes is here if the sandbox started it.</p>;
  return (
    <ol
      class="plain log"
      ref={list}
      tabIndex={0}
      aria-label="Log of the service"
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < 24;
      }}
    >
      {lines.map(({ number, time, text }) => (
        <li key={number}>
          <Time of={time} /> <Name text={text} />
        </li>
      ))}
    </ol>
  );
}
