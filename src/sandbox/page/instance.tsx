import { useEffect, useState } from 'preact/hooks';

import type { InstanceView, ServiceView, View } from '../page-server/view.ts';
import { path, tsuru } from './api.ts';
import { BindForm, Binds } from './binds.tsx';
import { Endpoints } from './endpoints.tsx';
import { Tools } from './form.tsx';
import { RemoveForm, UpdateForm } from './instance-forms.tsx';
import type { Status, Statuses } from './statuses.ts';
import { count, Name, visible } from './text.tsx';

interface InstanceProps {
  view: View;
  service: ServiceView;
  instance: InstanceView;
  statuses: Statuses;
}

/** One instance: a line, and all of it once it is opened. */
export function InstanceItem({ view, service, instance, statuses }: InstanceProps) {
  const [isOpen, setOpen] = useState(false);
  const status = statuses.of(instance);
  const binds = [instance.apps.length > 0 && count(instance.apps.length, 'app'), instance.jobs.length > 0 && count(instance.jobs.length, 'job')];
  return (
    <li class="item">
      <button
        type="button"
        class="head"
        aria-expanded={isOpen}
        onClick={() => {
          setOpen(!isOpen);
          if (status === undefined) statuses.ask(instance);
        }}
      >
        <State status={status} />
        <span class="first">
          <Name text={instance.name} /> <Name text={instance.plan} kind="soft" />
          {instance.tags.map((tag) => <Name key={tag} text={tag} kind="tag" />)}
        </span>
        <span class="soft">{binds.filter((bind) => bind !== false).join(', ')}</span>
      </button>
      {isOpen && <Details {...{ view, service, instance, statuses }} />}
    </li>
  );
}

/** The state of an instance in a word, and in a colour. */
function State({ status }: { status: Status | undefined }) {
  const { kind, text } = status ?? { kind: 'other', text: 'unknown' };
  const word = { error: 'error', asking: '…' }[kind as string] ?? text;
  return <span class={`state ${kind}`}>{visible(word.slice(0, 40))}</span>;
}

function Details({ view, service, instance, statuses }: InstanceProps) {
  const status = statuses.of(instance);
  const refresh = (): void => {
    statuses.ask(instance);
  };
  return (
    <div class="body">
      {status?.kind === 'error' && <p class="error"><Name text={status.text} kind="text" /></p>}
      {status?.kind === 'pending' && <p class="soft">The service is still at work on it. The page asks every 2 seconds.</p>}
      <Tools
        tools={[
          { label: 'Bind', panel: (done, cancel) => <BindForm {...{ view, instance, done, cancel }} /> },
          { label: 'Update', panel: (done, cancel) => <UpdateForm {...{ view, service, instance, cancel, done: (text) => { done(text || 'It is updated.'); refresh(); } }} /> },
          { label: 'Remove', isDanger: true, panel: (done, cancel) => <RemoveForm {...{ service, instance, done, cancel }} /> },
        ]}
      >
        <button type="button" class="quiet" onClick={refresh}>
          Ask its state
        </button>
      </Tools>
      <Facts {...{ instance, kind: status?.kind }} />
      <Binds instance={instance} />
      <Endpoints {...{ instance, operations: service.operations }} />
    </div>
  );
}

/** What Tsuru knows of an instance, and what the service says of it. */
function Facts({ instance, kind }: { instance: InstanceView; kind: Status['kind'] | undefined }) {
  const [custom, setCustom] = useState<[string, string][]>([]);
  const { service, name, plan, apps, jobs } = instance;
  useEffect(() => {
    if (kind === undefined || kind === 'asking') return;
    void tsuru('GET', path`/1.0/services/${service}/instances/${name}`).then(({ ok, text }) => {
      setCustom(ok ? Object.entries((JSON.parse(text) as { CustomInfo?: Record<string, string> | null }).CustomInfo ?? {}) : []);
    });
  }, [kind, plan, apps.length, jobs.length]);
  const parameters = Object.entries(instance.parameters).map(([key, value]): [string, string] => [key, typeof value === 'string' ? value : JSON.stringify(value)]);
  return (
    <dl>
      <Fact name="Description" value={instance.description} />
      <Fact name="Team" value={[instance.team, ...instance.teams.filter((team) => team !== instance.team)].join(', ')} />
      <Fact name="Pool" value={instance.pool} />
      {parameters.map(([key, value]) => <Fact key={key} name={key} value={value} from="parameter" />)}
      {custom.map(([key, value]) => <Fact key={key} name={key} value={value} from="the service says" />)}
    </dl>
  );
}

function Fact({ name, value, from }: { name: string; value: string; from?: string }) {
  if (value === '') return null;
  return (
    <div>
      <dt>
        <Name text={name} kind="text" />
      </dt>
      <dd>
        <Name text={value} kind="text" /> {from !== undefined && <small class="soft">{from}</small>}
      </dd>
    </div>
  );
}
