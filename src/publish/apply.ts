import { ask, servicePath, type Api, type ApiBody } from './api.ts';
import type { PublishPlan } from './plan.ts';
import { obstacleIn, objectionOf, type PublishedPart, type Objection } from './refusals.ts';
import type { Registration } from './registration.ts';

/** What came of a part of a plan. */
export interface PartResult {
  part: PublishedPart;
  /** Undefined if Tsuru did it. */
  refusal: Objection | undefined;
}

/**
 * Sends what a plan says. A part that fails does not keep the others from being sent, unless there is no service for them. An update
 * that may give the service to another team goes last: the token may have no rights there, and the others would be refused.
 * @param tell gets each result as it comes
 * @returns the results of the parts that were sent
 * @throws ExpectedError if it was cancelled
 */
export async function applyPlan(api: Api, { kind, service, unread, doc, permissions }: PublishPlan, wanted: Registration, tell: (result: PartResult) => void): Promise<PartResult[]> {
  const { id } = wanted;
  const isCreate = kind === 'create';
  const results: PartResult[] = [];
  const send = async (part: PublishedPart, method: string, path: string, body: ApiBody): Promise<Objection | undefined> => {
    const answer = await ask(api, method, path, body);
    const refusal = obstacleIn(answer, api) ?? (answer.status < 300 ? undefined : objectionOf(part, answer, wanted, api, isCreate));
    results.push({ part, refusal });
    tell({ part, refusal });
    return refusal;
  };
  const sendService = () => send('service', isCreate ? 'POST' : 'PUT', isCreate ? '/1.0/services' : servicePath('1.0', id), { form: formOf(wanted, isCreate) });
  const isLast = !isCreate && [...unread, ...service].some(({ what }) => what === 'team');
  const refusal = isLast ? undefined : await sendService();
  if (isCreate && refusal !== undefined) return results;
  if (doc !== undefined) await send('documentation', 'PUT', `${servicePath('1.0', id)}/doc`, { form: { doc: wanted.doc ?? '' } });
  if (permissions !== undefined && permissions !== 'unsupported') {
    // Only in JSON: Tsuru reads nothing in another body, and empties the permissions then.
    await send('permissions', 'PUT', `${servicePath('1.31', id)}/manifest`, { json: JSON.stringify(wanted.permissions) });
  }
  if (isLast) await sendService();
  return results;
}

/**
 * The fields of a service, in a form: Tsuru keeps the password of a body in JSON in its event. The names are those that the
 * tsuru client sends, and `encoding`; an update sends all of them, since Tsuru empties what is left out.
 */
function formOf({ id, username, password, endpoints, team, encoding, isMultiCluster }: Registration, isCreate: boolean): Record<string, string> {
  const names = Object.keys(endpoints);
  const isSingle = names.length === 1 && names[0] === 'production';
  return {
    ...{ id, username, password, team, encoding },
    ...Object.fromEntries(names.map((name) => [isSingle ? 'endpoint' : `endpoints.${name.replace(/[\\.]/g, '\\$&')}`, endpoints[name] ?? ''])),
    ...(isCreate && { 'multi-cluster': String(isMultiCluster) }),
  };
}
