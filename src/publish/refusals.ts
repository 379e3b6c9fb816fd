import { isNotHttp, isUntrusted } from '../tsuru/failures.ts';
import { plainLine } from '../terminal/terminal.ts';
import { quote } from '../text.ts';
import { tsuruWords, type TsuruAnswer, type Api } from './api.ts';
import { operationText, type Registration } from './registration.ts';

/** A part of what is published, which Tsuru takes in a request of its own. */
export type PublishedPart = 'service' | 'documentation' | 'permissions';

/** What is wrong, and what to do. */
export type Objection = [problem: string, advice: string];

const AGAIN = 'Run the same command again.';

/**
 * What kept a request from Tsuru, or from being read by it.
 * @returns undefined if Tsuru has replied and taken the token
 */
export function obstacleIn({ status, text, exchange }: TsuruAnswer, { address, clean = String }: Api): Objection | undefined {
  const { reply } = exchange;
  const location = reply?.headers['location'];
  if (status === 0) return lossOf(text, { address, exchange });
  if (status >= 300 && status < 400) {
    return [`${address} redirects to ${plainLine(location ?? 'nowhere', 200, clean)}, which is not followed: the token stays here.`, 'If that is Tsuru, give it with --target or TSURU_TARGET.'];
  }
  // Tsuru sends it with all replies but those about a path that it does not have.
  if (reply?.headers['supported-tsuru'] === undefined) {
    if (status >= 500) return [`${address} replies with ${status}, but it is not Tsuru that does: a gateway is in front of it.`, `Is Tsuru running? ${AGAIN}`];
    return [`What replies at ${address} with ${status} is not Tsuru's API.`, 'Are TSURU_TARGET and --target right?'];
  }
  if (status === 401) return ['Tsuru does not take the token: it has expired, or belongs to another Tsuru.', 'Run tsuru login, or set TSURU_TOKEN.'];
  return undefined;
}

/** Why there is no reply. A connection that breaks leaves open what was done. */
function lossOf(failure: string, { address, exchange }: { address: string; exchange: TsuruAnswer['exchange'] }): Objection {
  const target = 'Are TSURU_TARGET and --target right, and is Tsuru running?';
  if (isUntrusted(exchange)) return [`The certificate of ${address} is not trusted: ${failure}.`, 'Give the certificate of its authority with --ca FILE.'];
  if (isNotHttp(exchange)) return [`${address} does not speak ${address.startsWith('https') ? 'TLS' : 'HTTP'}: ${failure}.`, target];
  if (['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(failure)) return [`${address} cannot be reached: ${failure}.`, target];
  const what = failure === 'timeout' ? 'does not reply in time' : `breaks the connection: ${failure}`;
  return [`${address} ${what}. It is unknown whether the request was carried out.`, AGAIN];
}

/** Why Tsuru refused a part, and what to do. */
export function objectionOf(part: PublishedPart, answer: TsuruAnswer, wanted: Registration, api: Api, isCreate = false): Objection {
  const { status } = answer;
  const words = tsuruWords(answer, api);
  const { id, team } = wanted;
  const refused = `Tsuru refuses the ${part}`;
  const said = words === '' ? '.' : `: ${words}`;
  if (/^event locked/.test(words)) return [`Another change of ${id} is running: ${words}.`, AGAIN];
  if (status === 404) return [`Tsuru no longer has the service ${id}.`, AGAIN];
  if (status === 409 && part === 'service') return [`Tsuru has had a service ${id} since a moment ago.`, AGAIN];
  if (status === 409) return orphansOf(answer, id, api) ?? [refused + said, ''];
  if (status === 403) {
    const permission = { service: isCreate ? 'service.create' : 'service.update', documentation: 'service.update.doc', permissions: 'service.update' }[part];
    // Tsuru looks for the permission in the team before it looks for the team.
    const where = isCreate && team !== '' ? `for the team ${team}, or there is no such team` : isCreate ? 'in any team' : `for the team that owns ${id}`;
    return [`${refused}: the user of the token lacks the permission ${permission} ${where}.`, 'An administrator of Tsuru can assign a role that has it.'];
  }
  if (/^Team owner doesn't exist/.test(words)) return [`${refused}: ${words}.`, `Correct "team: ${team}" in manifest.yaml, or create the team.`];
  if (/^You must provide a team/.test(words)) return [`${refused}: the user of the token belongs to several teams.`, 'Set the team in manifest.yaml.'];
  if (part === 'permissions' && status === 400) return [refused + said, `Correct ${operationIn(words, wanted)} in permissions.json.`];
  return [(status < 500 ? refused : `Tsuru replies with ${status} for the ${part}`) + said, ''];
}

/** The roles that would be left with a permission for nothing, and the commands that take it from them. */
function orphansOf({ text }: TsuruAnswer, id: string, { clean = String }: Api): Objection | undefined {
  try {
    const { conflicts } = JSON.parse(text) as { conflicts: { action: string; roles: string[] }[] };
    const commands = conflicts.flatMap(({ action, roles }) => roles.map((role) => `  tsuru role permission remove ${[role, `service-action.${id}.${action}`].map((word) => quote(plainLine(word, 200, clean))).join(' ')}`));
    return ['Tsuru refuses the permissions: roles have actions that permissions.json no longer has.', `Put the actions back, or remove them from the roles, then run the same command again:\n${commands.join('\n')}\n  If a role has a shorter permission for that (tsuru role info ROLE), such as service-action.${id}, remove that one instead.`];
  } catch {
    return undefined;
  }
}

/** The operation that Tsuru's words are about: they quote its action, or its path. */
function operationIn(words: string, { permissions }: Registration): string {
  const { operations = [] } = permissions ?? {};
  const index = operations.findLastIndex(({ action, path, method }) => [action, path, `${method} ${path}`].some((text) => text !== '' && words.includes(JSON.stringify(text))));
  const found = operations[index];
  return found === undefined ? 'the operations' : `operations[${index}], ${operationText(found)},`;
}
