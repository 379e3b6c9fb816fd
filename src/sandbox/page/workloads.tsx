import { useState } from 'preact/hooks';

import type { View, WorkloadView } from '../page-server/view.ts';
import { path, tsuru, askValues } from './api.ts';
import { Field, fieldText, Form, Select, Tools } from './form.tsx';
import { count, Name } from './text.tsx';

type Kind = WorkloadView['kind'];

/** Apps and jobs, with what they find in their environment. */
export function Workloads({ view }: { view: View }) {
  return (
    <section>
      <header>
        <h2>Apps and jobs</h2>
      </header>
      <Tools tools={(['app', 'job'] as const).map((kind) => ({ label: `New ${kind}`, panel: (done, cancel) => <NewForm {...{ view, kind, cancel, done: () => { done(''); } }} /> }))} />
      {view.workloads.length === 0 && <p class="soft">None yet. An instance is bound to an app or to a job: add one.</p>}
      <ul class="plain list">
        {view.workloads.map((workload) => (
          <Workload key={`${workload.kind} ${workload.name}`} workload={workload} />
        ))}
      </ul>
    </section>
  );
}

function Workload({ workload }: { workload: WorkloadView }) {
  const { kind, name, variables, schedule, team, pool, description } = workload;
  const [isOpen, setOpen] = useState(false);
  const target = kind === 'app' ? path`/1.0/apps/${name}` : path`/1.13/jobs/${name}`;
  return (
    <li class="item">
      <button type="button" class="head" aria-expanded={isOpen} onClick={() => { setOpen(!isOpen); }}>
        <span class="state">{kind}</span>
        <span class="first">
          <Name text={name} /> {schedule !== '' && <Name text={schedule} kind="soft" />}
        </span>
        <span class="soft">{variables.length > 0 && count(variables.length, 'variable')}</span>
      </button>
      {isOpen && (
        <div class="body">
          <p class="soft">
            <Name text={[description, `team ${team}`, `pool ${pool}`].filter((part) => part !== '').join(', ')} kind="text" />
          </p>
          <Variables {...{ kind, name, variables }} />
          <Tools
            tools={[
              {
                label: `Remove the ${kind}`,
                isDanger: true,
                panel: (done, cancel) => (
                  <Form action="Remove it" isDanger submit={() => tsuru('DELETE', target)} {...{ done, cancel }}>
                    <p>
                      Remove the {kind} <Name text={name} />?
                    </p>
                  </Form>
                ),
              },
            ]}
          />
        </div>
      )}
    </li>
  );
}

/** The variables of an app or a job. A value is asked for only when it is to be shown. */
function Variables({ kind, name, variables }: Pick<WorkloadView, 'kind' | 'name' | 'variables'>) {
  const [shown, setShown] = useState<Record<string, string>>({});
  if (variables.length === 0) return <p class="soft">Nothing in its environment yet. Bind an instance to it.</p>;
  const toggle = async (variable: string): Promise<void> => {
    const { [variable]: value, ...rest } = shown;
    setShown(value === undefined ? { ...rest, [variable]: (await askValues(kind, name)).get(variable) ?? '' } : rest);
  };
  return (
    <ul class="plain">
      {variables.map(({ name: variable, from, value = shown[variable] }) => (
        <li class="variable" key={`${from} ${variable}`}>
          <span class="first">
            <Name text={variable} /> <Name text={from === '' ? 'set by hand' : `from ${from}`} kind="soft" />
          </span>
          {(value === undefined || variable in shown) && (
            <button type="button" class="quiet" aria-pressed={variable in shown} aria-label={`Show the value of ${variable}`} onClick={() => void toggle(variable)}>
              {variable in shown ? 'Hide' : 'Show'}
            </button>
          )}
          {value !== undefined && <Name text={value} kind="mono value" />}
        </li>
      ))}
    </ul>
  );
}

function NewForm({ view, kind, done, cancel }: { view: View; kind: Kind; done: () => void; cancel: () => void }) {
  const submit = (data: FormData) => {
    const [name, teamOwner, pool] = [fieldText(data, 'name'), fieldText(data, 'team'), fieldText(data, 'pool')];
    if (kind === 'app') return tsuru('POST', '/1.0/apps', new URLSearchParams({ name, teamOwner, pool }));
    return tsuru('POST', '/1.13/jobs', { name, schedule: fieldText(data, 'schedule'), pool, teamOwner, metadata: {}, container: {} });
  };
  return (
    <Form action={`Add the ${kind}`} {...{ submit, done, cancel }}>
      <div class="fields">
        <Field label="Name">
          <input name="name" required autocomplete="off" spellcheck={false} />
        </Field>
        {kind === 'job' && (
          <Field label="Schedule" hint="minute hour day month weekday">
            <input name="schedule" defaultValue="0 3 * * *" spellcheck={false} />
          </Field>
        )}
        <Field label="Team">
          <Select name="team" options={view.teams.map((team) => [team, team])} />
        </Field>
        <Field label="Pool">
          <Select name="pool" options={view.pools.map((pool) => [pool, pool])} />
        </Field>
      </div>
    </Form>
  );
}
