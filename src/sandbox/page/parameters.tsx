import { useState } from 'preact/hooks';

import type { Json } from '../state/records.ts';
import { Field, fieldTexts } from './form.tsx';

/** Fields for parameters: as rows of a name and a text each, or as JSON where other values are needed. */
export function Parameters({ of = {} }: { of?: Record<string, Json> }) {
  const [isJson, setJson] = useState(Object.values(of).some((value) => typeof value !== 'string'));
  const [rows, setRows] = useState<(readonly [string, Json])[]>(Object.entries(of));
  return (
    <fieldset>
      <legend>Parameters</legend>
      {isJson ? (
        <Field label="JSON object">
          <textarea name="json" rows={5} spellcheck={false}>
            {JSON.stringify(of, null, 2)}
          </textarea>
        </Field>
      ) : (
        rows.map(([name, value], index) => (
          <div class="row" key={index}>
            <input name="key" aria-label={`Name of parameter ${index + 1}`} placeholder="name" defaultValue={name} spellcheck={false} />
            <input name="value" aria-label={`Value of parameter ${index + 1}`} placeholder="value" defaultValue={typeof value === 'string' ? value : JSON.stringify(value)} spellcheck={false} />
          </div>
        ))
      )}
      <div class="tools">
        {!isJson && (
          <button type="button" class="quiet" onClick={() => { setRows([...rows, ['', '']]); }}>
            Add a parameter
          </button>
        )}
        <button type="button" class="quiet" onClick={() => { setJson(!isJson); }}>
          {isJson ? 'As rows' : 'As JSON'}
        </button>
      </div>
    </fieldset>
  );
}

/** Rows without a name are left out. @throws Error unless the JSON is an object */
export function parametersOf(data: FormData): Record<string, Json> {
  const json = data.get('json');
  if (typeof json !== 'string') {
    const values = fieldTexts(data, 'value');
    return Object.fromEntries(fieldTexts(data, 'key').flatMap((key, index) => (key === '' ? [] : [[key, values[index] ?? '']])));
  }
  const parsed = JSON.parse(json.trim() === '' ? '{}' : json) as Json;
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Error('The parameters must be a JSON object.');
  return parsed;
}
