import type { InstanceView, View, WorkloadView } from '../page-server/view.ts';
import { path, tsuru } from './api.ts';
import { Checkbox, Field, fieldText, Form, Select, Tools, type Tool } from './form.tsx';
import { Name } from './text.tsx';

type Kind = WorkloadView['kind'];

/** The form that binds an app or a job to an instance. */
export function BindForm({ view, instance, done, cancel }: { view: View; instance: InstanceView; done: (text: string) => void; cancel: () => void }) {
  const free = view.workloads.filter(({ kind, name }) => !(kind === 'app' ? instance.apps : instance.jobs).includes(name));
  const submit = (data: FormData) => {
    const [, kind = '', name = ''] = /^(app|job) (.*)$/.exec(fieldText(data, 'to')) ?? [];
    return tsuru('PUT', bindPath(instance, kind as Kind, name), new URLSearchParams({ noRestart: String(data.has('noRestart')) }));
  };
  if (free.length === 0) return <p class="soft">Every app and job is bound. Add another one below first.</p>;
  return (
    <Form action="Bind" {...{ submit, cancel, done: (answer) => { done(answer || 'It is bound.'); } }}>
      <Field label="App or job">
        <Select name="to" options={free.map(({ kind, name }) => [`${kind} ${name}`, `${kind} ${name}`])} />
      </Field>
      <Checkbox name="noRestart" label="Do not restart its units" />
    </Form>
  );
}

/** What an instance is bound to. */
export function Binds({ instance }: { instance: InstanceView }) {
  const all = [...instance.apps.map((name) => ['app', name] as const), ...instance.jobs.map((name) => ['job', name] as const)];
  return (
    <>
      <h3>Bound to</h3>
      {all.length === 0 && <p class="soft">No app and no job yet.</p>}
      <ul class="plain">
        {all.map(([kind, name]) => (
          <li key={`${kind} ${name}`}>
            <Tools tools={[unbindTool(instance, kind, name)]}>
              <span class="first">
                <span class="soft">{kind}</span> <Name text={name} />
              </span>
            </Tools>
          </li>
        ))}
      </ul>
    </>
  );
}

function unbindTool(instance: InstanceView, kind: Kind, name: string): Tool {
  const submit = (data: FormData) => tsuru('DELETE', `${bindPath(instance, kind, name)}?noRestart=${data.has('noRestart')}&force=${data.has('force')}`);
  return {
    label: 'Unbind',
    panel: (done, cancel) => (
      <Form action="Unbind it" isDanger {...{ submit, done, cancel }}>
        <p>
          Unbind the {kind} <Name text={name} />? It loses the variables of this instance.
        </p>
        <Checkbox name="force" label="Force: go on when the service fails" />
        {kind === 'app' && <Checkbox name="noRestart" label="Do not restart its units" />}
      </Form>
    ),
  };
}

function bindPath({ service, name }: InstanceView, kind: Kind, workload: string): string {
  return path`/1.13/services/${service}/instances/${name}/` + `${kind}s/${encodeURIComponent(workload)}`;
}
