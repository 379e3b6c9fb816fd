import type { CallDetails } from '../page-server/view.ts';
import { keyOf } from './key.ts';

/** An answer of the sandbox; `text` is for the user. */
export interface TsuruReply {
  ok: boolean;
  /** 0 if there is no answer. */
  status: number;
  text: string;
  /** What the answer's type was before it was passed on as text. */
  type: string;
}

/** Asks the sandbox. It never rejects. */
async function ask(method: string, path: string, type?: string, body?: string): Promise<TsuruReply> {
  try {
    const headers = { 'X-Sandbox-Key': keyOf(), ...(type !== undefined && { 'Content-Type': type }) };
    const response = await fetch(`/sandbox/${path}`, { method, headers, ...(body !== undefined && { body }) });
    const text = await response.text();
    return { ok: response.ok, status: response.status, text, type: response.headers.get('X-Type') ?? '' };
  } catch {
    return { ok: false, status: 0, text: 'The sandbox does not answer.', type: '' };
  }
}

/** The messages of a stream, if it is one; one that has an error failed, whatever its status is. */
function streamed(reply: TsuruReply): TsuruReply {
  if (!reply.type.startsWith('application/x-json-stream')) return reply;
  const lines = reply.text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as { Message: string; Error?: string }]));
  const error = lines.map(({ Error: text }) => text ?? '').join('');
  return { ...reply, ok: reply.ok && error === '', text: (lines.map(({ Message }) => Message).join('') + error).trim() };
}

/** A path with its variables encoded. */
export function path(parts: TemplateStringsArray, ...values: string[]): string {
  return parts.map((part, index) => part + encodeURIComponent(values[index] ?? '')).join('');
}

/** A request to Tsuru's API. @param body an object is sent as JSON, fields as a form */
export async function tsuru(method: string, target: string, body?: URLSearchParams | object): Promise<TsuruReply> {
  const sent = body && (body instanceof URLSearchParams ? (['application/x-www-form-urlencoded', String(body)] as const) : (['application/json', JSON.stringify(body)] as const));
  return streamed(await ask(method, `tsuru${target}`, ...(sent ?? [])));
}

/** A request of the user's own, through Tsuru's proxy. */
export function proxied(method: string, target: string, type: string, body: string): Promise<TsuruReply> {
  return body === '' ? ask(method, `tsuru${target}`) : ask(method, `tsuru${target}`, type, body);
}

/** @param isClear with the values of variables */
export async function askCall(number: number, isClear: boolean): Promise<CallDetails | string> {
  const { ok, text } = await ask('GET', `calls/${number}${isClear ? '/clear' : ''}`);
  return ok ? (JSON.parse(text) as CallDetails) : text;
}

export function switchFault(fault: string, step: string, isOn: boolean): Promise<TsuruReply> {
  return ask(isOn ? 'PUT' : 'DELETE', `faults/${fault}/${step}`);
}

/** The values of an app's or a job's variables, by name: only when the user asks for one. */
export async function askValues(kind: 'app' | 'job', name: string): Promise<Map<string, string>> {
  const { ok, text } = await tsuru('GET', kind === 'app' ? path`/1.0/apps/${name}/env` : path`/1.16/jobs/${name}/env`);
  const variables = ok ? (JSON.parse(text) as { name: string; value: string }[]) : [];
  return new Map(variables.map((variable) => [variable.name, variable.value]));
}
