import { useEffect, useState } from 'preact/hooks';

import type { CallDetails, CallView } from '../page-server/view.ts';
import { askCall } from './api.ts';
import type { Shown } from './feed.ts';
import { Body, Copy, duration, Name, Time } from './text.tsx';

/** Each call that Tsuru made to a service, the newest first. */
export function CallList({ calls }: { calls: readonly Shown[] }) {
  const [filter, setFilter] = useState('');
  const shown = calls.filter((call) => matches(call, filter));
  return (
    <>
      <input type="search" aria-label="Filter the calls" placeholder="Filter: method, path, status, text…" onInput={(event) => { setFilter(event.currentTarget.value); }} />
      {shown.length === 0 && (
        <p class="soft">{calls.length === 0 ? 'Tsuru has not called the service yet. Every call appears here, with what Tsuru makes of the answer.' : 'No call has this in it.'}</p>
      )}
      <ol class="plain list">
        {shown.map((call) => (
          <Call key={call.first} call={call} />
        ))}
      </ol>
    </>
  );
}

function matches({ service, method, path, status, failure, reading, command }: CallView, filter: string): boolean {
  const text = [service, method, path, status, failure, reading, command].join(' ').toLowerCase();
  return filter.toLowerCase().split(' ').every((word) => text.includes(word));
}

function Call({ call }: { call: Shown }) {
  const [isOpen, setOpen] = useState(false);
  const { number, time, method, path, status, failure, milliseconds, reading, fault, command, cause, times } = call;
  const isBad = failure !== undefined || reading.startsWith('Error');
  return (
    <li class="item">
      <button type="button" class="head call" aria-expanded={isOpen} onClick={() => { setOpen(!isOpen); }}>
        <Time of={time} />
        <span class="first">
          <span class="method">{method}</span> <Name text={path} /> {times > 1 && <span class="tag">×{times}</span>}
        </span>
        <span class={isBad ? 'bad' : 'good'}>{failure ?? status}</span>
        <span class="soft">{duration(milliseconds)}</span>
        <span class={isBad ? 'reading bad' : 'reading'}>
          {fault !== undefined && <span class="tag">fault: {fault}</span>} <Name text={reading} kind="text" />{' '}
          {(command ?? cause) !== undefined && (
            <span class="soft">
              for <Name text={command ?? cause ?? ''} />
            </span>
          )}
        </span>
      </button>
      {isOpen && <Details {...{ number, command }} />}
    </li>
  );
}

function Details({ number, command }: Pick<CallView, 'number' | 'command'>) {
  const [details, setDetails] = useState<CallDetails | string>();
  const load = (isClear: boolean): void => {
    void askCall(number, isClear).then(setDetails);
  };
  useEffect(() => {
    load(false);
  }, [number]);
  if (typeof details !== 'object') return <p class="body soft">{details ?? 'Loading…'}</p>;
  const { curl, request, reply, url, isHidden } = details;
  return (
    <div class="body">
      <div class="tools">
        <Copy text={curl} label="Copy as curl" />
        {command !== undefined && <Copy text={command} label="Copy as tsuru command" />}
      </div>
      <Message title="Request" first={`${details.method} ${url}`} message={request} />
      {reply && <Message title="Answer" first={String(details.status)} message={reply} />}
      {!reply && <p class="bad">No answer: {details.failure}.</p>}
      {isHidden && (
        <button type="button" onClick={() => { load(true); }}>
          Show the values
        </button>
      )}
    </div>
  );
}

function Message({ title, first, message: { headers, body } }: { title: string; first: string; message: { headers: [string, string][]; body: string } }) {
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  return (
    <>
      <h3>{title}</h3>
      <p class="headers">
        <Name text={first} />
        {headers.map(([name, value], index) => (
          <Name key={index} text={`${name}: ${value}`} kind="mono soft" />
        ))}
      </p>
      <Body text={body} type={type} />
    </>
  );
}
