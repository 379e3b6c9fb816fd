import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { TsuruReply } from './api.ts';
import { Name, visible } from './text.tsx';

/** A form that asks Tsuru; an error stays in it, in Tsuru's words. */
export function Form({ action, submit, done, cancel, isDanger = false, children }: {
  /** The words of its button. */
  action: string;
  submit: (data: FormData) => Promise<TsuruReply>;
  /** Is told the answer's text once it succeeded. */
  done: (text: string) => void;
  cancel?: () => void;
  /** For what cannot be undone. */
  isDanger?: boolean;
  children?: ComponentChildren;
}) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const send = async (form: HTMLFormElement): Promise<void> => {
    setBusy(true);
    setError('');
    const reply = await submit(new FormData(form)).catch((failure: unknown): TsuruReply => ({ ok: false, status: 0, text: (failure as Error).message, type: '' }));
    setBusy(false);
    if (reply.ok) done(reply.text);
    else setError(reply.text.trim() || `Tsuru answered ${reply.status} without a text.`);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy) void send(event.currentTarget);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') cancel?.();
      }}
    >
      {children}
      <div class="tools">
        <button class={isDanger ? 'danger' : 'main'} aria-disabled={isBusy}>
          {isBusy ? 'Waiting for the service…' : action}
        </button>
        {cancel && (
          <button type="button" class="quiet" onClick={cancel}>
            Cancel
          </button>
        )}
      </div>
      <div role="alert">{error !== '' && <p class="error"><Name text={error} kind="text" /></p>}</div>
    </form>
  );
}

export function Field({ label, hint, children }: { label: string; hint?: string; children: ComponentChildren }) {
  return (
    <label class="field">
      <span>
        {label} {hint !== undefined && <span class="soft">{hint}</span>}
      </span>
      {children}
    </label>
  );
}

export function Checkbox({ name, label }: { name: string; label: string }) {
  return (
    <label class="check">
      <input type="checkbox" name={name} /> <span>{label}</span>
    </label>
  );
}

export function Select({ name, value, options }: { name: string; value?: string; options: readonly (readonly [value: string, label: string])[] }) {
  return (
    <select name={name}>
      {options.map(([own, label]) => (
        <option key={own} value={own} selected={own === value}>
          {visible(label)}
        </option>
      ))}
    </select>
  );
}

/** The value of a text field, `''` if there is none. */
export function fieldText(data: FormData, name: string): string {
  return fieldTexts(data, name)[0] ?? '';
}

/** The values of all text fields of a name. */
export function fieldTexts(data: FormData, name: string): string[] {
  return data.getAll(name).filter((value) => typeof value === 'string');
}

export interface Tool {
  label: string;
  isDanger?: boolean;
  panel: (done: (text: string) => void, cancel: () => void) => ComponentChildren;
}

/** Buttons, each of which opens a panel below them; one is open at a time. */
export function Tools({ tools, children }: { tools: readonly (Tool | false)[]; children?: ComponentChildren }) {
  const [open, setOpen] = useState<string>();
  const [note, setNote] = useState('');
  const [panel, bar] = [useRef<HTMLDivElement>(null), useRef<HTMLDivElement>(null)];
  const shown = tools.filter((tool) => tool !== false);
  const current = shown.find(({ label }) => label === open);
  useLayoutEffect(() => {
    panel.current?.querySelector<HTMLElement>('input, select, textarea, button')?.focus();
  }, [open]);
  // What a removal takes away must not take the focus along.
  useLayoutEffect(
    () => () => {
      if (bar.current?.contains(document.activeElement) === true) document.querySelector('main')?.focus();
    },
    [],
  );
  const close = (text = ''): void => {
    bar.current?.querySelector<HTMLElement>('[aria-expanded=true]')?.focus();
    setOpen(undefined);
    setNote(text);
  };
  return (
    <>
      <div class="tools" ref={bar}>
        {shown.map(({ label, isDanger }) => (
          <button
            key={label}
            type="button"
            class={isDanger === true ? 'quiet red' : 'quiet'}
            aria-expanded={label === open}
            onClick={() => {
              setNote('');
              setOpen(label === open ? undefined : label);
            }}
          >
            {label}
          </button>
        ))}
        {children}
      </div>
      {current && (
        <div class="panel" ref={panel} key={open}>
          {current.panel(close, () => { close(); })}
        </div>
      )}
      <div role="status">{note !== '' && <pre class="note">{visible(note)}</pre>}</div>
    </>
  );
}
