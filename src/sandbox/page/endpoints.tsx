import { useState } from 'preact/hooks';

import type { ProxiedOperation } from '../state/records.ts';
import type { InstanceView } from '../page-server/view.ts';
import { path, proxied, type TsuruReply } from './api.ts';
import { Field, fieldText, Form, Tools } from './form.tsx';
import { Body, Name } from './text.tsx';

/** The service's own endpoints of an instance, as its permissions manifest names them: each is a form. */
export function Endpoints({ instance, operations }: { instance: InstanceView; operations: readonly ProxiedOperation[] }) {
  if (operations.length === 0) return null;
  return (
    <>
      <h3>Endpoints</h3>
      <ul class="plain">
        {operations.map((operation) => (
          <li key={`${operation.method} ${operation.path}`}>
            <Tools tools={[{ label: 'Call', panel: (_, cancel) => <EndpointForm {...{ instance, operation, cancel }} /> }]}>
              <span class="first">
                <span class="method">{operation.method || 'ANY'}</span> <Name text={operation.path} /> <Name text={operation.action} kind="soft" />
              </span>
            </Tools>
          </li>
        ))}
      </ul>
    </>
  );
}

function EndpointForm({ instance, operation, cancel }: { instance: InstanceView; operation: ProxiedOperation; cancel: () => void }) {
  const [reply, setReply] = useState<TsuruReply>();
  const method = operation.method || 'GET';
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const submit = async (data: FormData): Promise<TsuruReply> => {
    setReply(undefined);
    const own = operation.path.replace(VARIABLE, (_, name: string, rest?: string) => {
      const value = fieldText(data, `path ${name}`);
      return rest === undefined ? encodeURIComponent(value) : value.split('/').map(encodeURIComponent).join('/');
    });
    const query = fieldText(data, 'query').replace(/^\?/, '');
    const target = path`/1.20/services/${instance.service}/resources/${instance.name}/` + own.replace(/^\//, '') + (query && `?${query}`);
    const answer = await proxied(method, target, fieldText(data, 'type'), fieldText(data, 'body'));
    setReply(answer);
    return { ...answer, ok: true };
  };
  return (
    <Form action={`${method} it`} {...{ submit, cancel, done: () => {} }}>
      <div class="fields">
        {[...operation.path.matchAll(VARIABLE)].map(([, name = '']) => (
          <Field key={name} label={name} hint="in the path">
            <input name={`path ${name}`} required spellcheck={false} autocomplete="off" />
          </Field>
        ))}
        <Field label="Query">
          <input name="query" placeholder="name=value&…" spellcheck={false} />
        </Field>
        {hasBody && (
          <Field label="Content-Type">
            <input name="type" defaultValue="application/json" spellcheck={false} />
          </Field>
        )}
      </div>
      {hasBody && (
        <Field label="Body">
          <textarea name="body" rows={4} spellcheck={false} />
        </Field>
      )}
      <div role="status">
        {reply && (
          <>
            <p>
              The answer: <b class={reply.ok ? 'good' : 'bad'}>{reply.status || 'none'}</b> <span class="soft">{reply.type}</span>
            </p>
            <Body text={reply.text} type={reply.type} />
          </>
        )}
      </div>
    </Form>
  );
}

/** A variable in a path, such as `{id}`, or `{rest...}` for all that follows. */
const VARIABLE = /\{(\w+)(\.\.\.)?\}/g;
