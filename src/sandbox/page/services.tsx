import { useState } from 'preact/hooks';

import type { InstanceView, ServiceView, View } from '../page-server/view.ts';
import { Tools } from './form.tsx';
import { AddForm } from './instance-forms.tsx';
import { InstanceItem } from './instance.tsx';
import type { Statuses } from './statuses.ts';
import { count, Name } from './text.tsx';

/** More instances than this can be filtered. */
const MANY = 8;

export function Services({ view, statuses }: { view: View; statuses: Statuses }) {
  if (view.services.length === 0) return <NoService />;
  return (
    <>
      {view.services.map((service) => (
        <Service key={service.name} {...{ view, service, statuses }} />
      ))}
    </>
  );
}

function NoService() {
  return (
    <section class="empty">
      <h2>No service yet</h2>
      <p>Register yours. In a terminal, paste the two lines that the sandbox printed, and then:</p>
      <pre>tsuru service create manifest.yaml</pre>
      <p class="soft">It appears here at once. Then add an instance, and bind it to an app.</p>
    </section>
  );
}

function Service({ view, service, statuses }: { view: View; service: ServiceView; statuses: Statuses }) {
  const [filter, setFilter] = useState('');
  const own = view.instances.filter((instance) => instance.service === service.name);
  const shown = own.filter((instance) => matches(instance, filter));
  return (
    <section>
      <header>
        <h2>
          <Name text={service.name} kind="text" />
        </h2>
        <Name text={service.address} kind="mono soft" />
        {service.isMultiCluster && <span class="tag">multi-cluster</span>}
        {service.encoding === 'json' && <span class="tag">JSON</span>}
      </header>
      {service.away !== undefined && (
        <p class="error" role="status">
          The service is away: nothing answers at its address ({service.away}). The page goes on when it is back.
        </p>
      )}
      <Tools tools={[{ label: 'Add an instance', panel: (done, cancel) => <AddForm {...{ view, service, cancel, done: (text) => { done(text || 'The instance is added.'); } }} /> }]}>
        {own.length > MANY && (
          <input type="search" class="rest" aria-label={`Filter the ${count(own.length, 'instance')}`} placeholder={`Filter ${count(own.length, 'instance')}`} onInput={(event) => { setFilter(event.currentTarget.value); }} />
        )}
      </Tools>
      {own.length === 0 && <p class="soft">No instance yet. Add the first one: Tsuru then asks the service to create it.</p>}
      <ul class="plain list">
        {shown.map((instance) => (
          <InstanceItem key={instance.name} {...{ view, service, instance, statuses }} />
        ))}
      </ul>
    </section>
  );
}

function matches({ name, plan, tags }: InstanceView, filter: string): boolean {
  return [name, plan, ...tags].join(' ').toLowerCase().includes(filter.toLowerCase());
}
