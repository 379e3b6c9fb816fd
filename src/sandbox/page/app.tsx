import { useEffect, useLayoutEffect, useState } from 'preact/hooks';

import { CallList } from './calls.tsx';
import { FaultSwitches } from './faults.tsx';
import { useFeed, type Connection, type Known } from './feed.ts';
import { Log } from './log.tsx';
import { Services } from './services.tsx';
import { useStatuses } from './statuses.ts';
import { Name } from './text.tsx';
import { Workloads } from './workloads.tsx';

const NOTICES: Record<Connection, string> = {
  opening: 'Opening…',
  open: '',
  away: 'The sandbox is away. What is here is the last that was known; the page goes on when it is back.',
  locked: 'This page is for another start of the sandbox: open the address that it printed, with all that follows #.',
};

const TABS = ['Platform', 'Calls', 'Log', 'Faults'] as const;
type Tab = (typeof TABS)[number];

/** The whole page: what the platform knows, and beside it what happens. */
export function SandboxPage() {
  const [known, connection] = useFeed();
  const statuses = useStatuses(known?.view, connection);
  const [chosen, setTab] = useState<Tab>('Platform');
  const isNarrow = useIsNarrow();
  // Elsewhere, the platform is always seen.
  const tabs = isNarrow ? TABS : TABS.slice(1);
  const tab = tabs.includes(chosen) ? chosen : 'Calls';
  const name = known?.view.services.map((service) => service.name).join(', ') ?? '';
  useEffect(() => {
    document.title = name === '' ? 'Tsuru sandbox' : `${name} – Tsuru sandbox`;
  }, [name]);
  return (
    <div class="page">
      <header class="top">
        <h1>Tsuru sandbox</h1>
        {known?.view.process && (
          <span class={`process ${known.view.process.state}`}>
            <Name text={known.view.process.text} kind="text" />
          </span>
        )}
        <Tabs {...{ tabs, tab, setTab, known }} />
      </header>
      <div role="status" class="notice">
        {NOTICES[connection] !== '' && <p>{NOTICES[connection]}</p>}
      </div>
      {known && connection !== 'locked' && (
        <>
          <main class="platform" tabIndex={-1} hidden={isNarrow && tab !== 'Platform'} aria-label="Platform">
            <Services {...{ view: known.view, statuses }} />
            <Workloads view={known.view} />
          </main>
          {tab !== 'Platform' && <Side {...{ tab, known }} />}
        </>
      )}
    </div>
  );
}

function Side({ tab, known: { view, calls, lines } }: { tab: Tab; known: Known }) {
  return (
    <div class="side" id="side" role="tabpanel" aria-label={tab}>
      {tab === 'Calls' && <CallList calls={calls} />}
      {tab === 'Log' && <Log lines={lines} />}
      {tab === 'Faults' && <FaultSwitches faults={view.faults} />}
    </div>
  );
}

/** Whether the columns do not fit beside each other. */
function useIsNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(false);
  useLayoutEffect(() => {
    const query = matchMedia('(max-width: 859.9px)');
    const change = (): void => {
      setNarrow(query.matches);
    };
    change();
    query.onchange = change;
  }, []);
  return isNarrow;
}

function Tabs({ tabs, tab, setTab, known }: { tabs: readonly Tab[]; tab: Tab; setTab: (tab: Tab) => void; known: Known | undefined }) {
  const armed = known?.view.faults.flatMap(({ steps }) => steps).filter(({ isArmed }) => isArmed).length ?? 0;
  const counts: Partial<Record<Tab, number | undefined>> = { Calls: known?.calls.length, Log: known?.lines.length, Faults: armed };
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length] ?? tab;
    setTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <nav role="tablist" onKeyDown={move}>
      {tabs.map((own) => (
        <button key={own} id={`tab-${own}`} type="button" role="tab" aria-controls="side" aria-selected={own === tab} tabIndex={own === tab ? 0 : -1} onClick={() => { setTab(own); }}>
          {own} {(counts[own] ?? 0) > 0 && <small>{counts[own]}</small>}
        </button>
      ))}
    </nav>
  );
}
