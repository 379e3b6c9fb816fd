/** What came of a request to Tsuru's API; without a status, the connection was closed without an answer. */
export interface ApiAnswer {
  status: number | undefined;
  body: string;
}

/** Makes requests to a Tsuru, with the token of a user; fields are sent in a form, a text as JSON. */
export type TsuruApi = (method: string, path: string, body?: Record<string, string> | string) => Promise<ApiAnswer>;

export function tsuruApi(address: string, token: string): TsuruApi {
  return async (method, path, given) => {
    const headers = { Authorization: `bearer ${token}`, ...(typeof given === 'string' && { 'Content-Type': 'application/json' }) };
    const body = typeof given === 'object' ? new URLSearchParams(given) : given;
    try {
      const response = await fetch(address + path, { method, headers, ...(body !== undefined && { body }) });
      return { status: response.status, body: await response.text() };
    } catch {
      return { status: undefined, body: '' };
    }
  };
}

/** Whether Tsuru did what it was asked; a stream has begun with 200 when something fails. */
export function isDone({ status, body }: ApiAnswer): boolean {
  return status !== undefined && status < 300 && !body.includes('"Error":');
}
