import { curlFor } from '../../tsuru/curl.ts';
import type { HttpHeaders } from '../../tsuru/http.ts';
import { bringsVariables, cleanerOf, credentialsOf, withoutValues } from './secrets.ts';
import { callView, type CallDetails } from './view.ts';
import type { World } from '../world.ts';

/**
 * A call with its headers and bodies; undefined if it is not kept any more.
 *
 * @param isClear whether the variables of a reply have their values
 */
export function callDetails(world: World, number: number, isClear: boolean): CallDetails | undefined {
  const exchanged = world.traffic.list().find((one) => one.number === number);
  if (exchanged === undefined) return undefined;
  const { request, reply } = exchanged;
  const { method, headers, body } = request;
  const clean = cleanerOf(world.state);
  const { origin } = new URL(request.url);
  const path = request.url.slice(origin.length);
  const isHidden = !isClear && reply !== undefined && reply.status < 300 && bringsVariables(method, path);
  const service = world.state.services.find(({ name }) => name === exchanged.service);
  const username = service === undefined ? exchanged.service : credentialsOf(service).username;
  const call = { request: { method, path, headers, ...(body !== '' && { body }) } };
  return {
    ...callView(exchanged, clean),
    url: clean(request.url),
    request: { headers: [['Authorization', 'Basic ***'], ...linesOf(headers, clean)], body: clean(body) },
    reply: reply && { headers: linesOf(reply.headers, clean), body: isHidden ? withoutValues(reply.body) : clean(reply.body) },
    isHidden,
    curl: clean(curlFor(call, { address: new URL(origin), username, password: PLACEHOLDER }, 'own')),
  };
}

/** Stands for the password, which the command reads from a variable. */
const PLACEHOLDER = '\0';

function linesOf(headers: HttpHeaders, clean: (text: string) => string): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((line): [string, string] => [clean(name), /^(proxy-)?authorization$/i.test(name) ? '***' : clean(line)]),
  );
}
