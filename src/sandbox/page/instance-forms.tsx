import { useEffect, useState } from 'preact/hooks';

import type { InstanceView, ServiceView, View } from '../page-server/view.ts';
import { path, tsuru } from './api.ts';
import { Checkbox, Field, fieldText, Form, Select } from './form.tsx';
import { Parameters, parametersOf } from './parameters.tsx';
import { visible } from './text.tsx';

interface FormProps {
  view: View;
  service: ServiceView;
  done: (text: string) => void;
  cancel: () => void;
}

interface Plan {
  Name: string;
  Description: string;
}

/** The form for a new instance. */
export function AddForm({ view, service, done, cancel }: FormProps) {
  const submit = (data: FormData) =>
    tsuru('POST', path`/1.0/services/${service.name}/instances`, { name: fieldText(data, 'name'), owner: fieldText(data, 'team'), pool: fieldText(data, 'pool'), ...fieldsOf(data) });
  return (
    <Form action="Add the instance" {...{ submit, done, cancel }}>
      <div class="fields">
        <Field label="Name">
          <input name="name" required autocomplete="off" spellcheck={false} />
        </Field>
        <Plans {...{ view, service }} />
        <TeamField {...{ view }} />
        <CommonFields />
      </div>
      <Parameters />
    </Form>
  );
}

/** The form that changes an instance. */
export function UpdateForm({ view, service, instance, done, cancel }: FormProps & { instance: InstanceView }) {
  const submit = (data: FormData) =>
    tsuru('PUT', path`/1.0/services/${service.name}/instances/${instance.name}`, { teamowner: fieldText(data, 'team'), ...fieldsOf(data) });
  return (
    <Form action="Update" {...{ submit, done, cancel }}>
      <div class="fields">
        <Plans {...{ view, service, instance }} />
        <TeamField {...{ view, instance }} />
        <CommonFields {...{ instance }} />
      </div>
      <Parameters of={instance.parameters} />
    </Form>
  );
}

/** Asks before an instance is removed. */
export function RemoveForm({ service, instance, done, cancel }: Omit<FormProps, 'view'> & { instance: InstanceView }) {
  const submit = (data: FormData) =>
    tsuru('DELETE', `${path`/1.0/services/${service.name}/instances/${instance.name}`}?unbindall=${data.has('all')}&ignoreerrors=${data.has('errors')}`);
  return (
    <Form action="Remove it" isDanger {...{ submit, done, cancel }}>
      <p>Remove the instance {visible(instance.name)}? The service deletes what is in it.</p>
      {instance.apps.length > 0 && <Checkbox name="all" label="Unbind its apps first" />}
      <Checkbox name="errors" label="Go on when the service fails" />
    </Form>
  );
}

function TeamField({ view, instance }: { view: View; instance?: InstanceView }) {
  return (
    <Field label="Team">
      <Select name="team" value={instance?.team ?? ''} options={view.teams.map((team) => [team, team])} />
    </Field>
  );
}

function CommonFields({ instance }: { instance?: InstanceView }) {
  return (
    <>
      <Field label="Description">
        <input name="description" defaultValue={instance?.description ?? ''} />
      </Field>
      <Field label="Tags" hint="with spaces between">
        <input name="tags" defaultValue={instance?.tags.join(' ') ?? ''} spellcheck={false} />
      </Field>
    </>
  );
}

/** The pool, where the service needs one, and the plans that the service has for it. */
function Plans({ view, service, instance }: { view: View; service: ServiceView; instance?: InstanceView }) {
  const [pool, setPool] = useState(instance?.pool ?? (service.isMultiCluster ? (view.pools[0] ?? '') : ''));
  const [plans, setPlans] = useState<Plan[]>();
  useEffect(() => {
    void tsuru('GET', `${path`/1.0/services/${service.name}/plans`}?pool=${encodeURIComponent(pool)}`).then((reply) => {
      setPlans(reply.ok ? ((JSON.parse(reply.text) as Plan[] | null) ?? []) : []);
    });
  }, [pool]);
  const names = plans?.map(({ Name, Description }) => [Name, Description === '' ? Name : `${Name} – ${Description}`] as const) ?? [];
  const own = instance?.plan ?? '';
  const options = names.some(([name]) => name === own) ? names : [[own, own || (plans ? 'The service lists no plans' : 'Asking the service…')] as const, ...names];
  return (
    <>
      {service.isMultiCluster && !instance && (
        <Field label="Pool">
          <select name="pool" onChange={(event) => { setPool(event.currentTarget.value); }}>
            {view.pools.map((name) => <option key={name}>{name}</option>)}
          </select>
        </Field>
      )}
      <Field label="Plan">
        <Select name="plan" value={own} options={own === '' && names.length > 0 ? names : options} />
      </Field>
    </>
  );
}

function fieldsOf(data: FormData) {
  const tags = fieldText(data, 'tags').split(/\s+/).filter((tag) => tag !== '');
  return { plan: fieldText(data, 'plan'), description: fieldText(data, 'description'), tags, parameters: parametersOf(data) };
}
