import { differentAnswers, differentCalls } from './compare.ts';
import { eventsMeant } from './events.ts';
import { exchange, type Exchange } from './exchange.ts';
import type { Names } from './names.ts';
import type { ApiCall, Conversation, RecordedAnswer, ServiceCall } from './recording.ts';
import type { ScriptedServices } from './scripted.ts';

/** The Tsuru under test, and the services behind it. */
export interface Stage {
  address: URL;
  /** The token of root. */
  token: string;
  names: Names;
  services: ScriptedServices;
}

/** Learns the token of an answer to a login. The client logs in to keep its token; a login by curl keeps the client's. */
function learnToken({ names }: Stage, { command }: Conversation, { response }: ApiCall, actual: RecordedAnswer): void {
  const placeholder = /<token-of:[\w-]+>/.exec(response.body ?? '')?.[0];
  const token = /"token":"([^"]+)"/.exec(actual.body ?? '')?.[1];
  if (placeholder !== undefined && token !== undefined) names.learn(placeholder, token, command[0] !== 'tsuru');
}

/** Makes one call, with an id in place of `<event>` in its path. @returns what differs from the recording */
async function replayCall(stage: Stage, conversation: Conversation, call: ApiCall, calls: ServiceCall[], event: string): Promise<string[]> {
  const { address, names, services } = stage;
  const request = names.resolveRequest(call.request);
  const seen = services.play(calls, { call, exchange: () => sent });
  const sent: Exchange = exchange(address, { ...request, path: request.path.replace('<event>', event) });
  const answer = await sent.answer;
  learnToken(stage, conversation, call, answer);
  const normalized: RecordedAnswer = {
    ...answer,
    headers: names.normalizeHeaders(answer.headers ?? {}),
    body: names.normalize(answer.body ?? ''),
  };
  return [...differentAnswers(call, normalized), ...differentCalls(calls, seen)];
}

/** Makes the calls of a command again. @returns what differs from the recording, in lines; none if nothing does */
export async function replay(stage: Stage, conversation: Conversation): Promise<string[]> {
  const get = async (path: string) => {
    const { status, body = '' } = await exchange(stage.address, { method: 'GET', path, headers: { Authorization: `bearer ${stage.token}` } }).answer;
    return status === 200 ? body : '';
  };
  const differences: string[] = [];
  for (const [index, call] of conversation.api.entries()) {
    const calls = conversation.service.filter(({ during }) => during === index);
    const events = call.request.path.includes('<event>') ? await eventsMeant(get, call.response) : [''];
    let first: string[] | undefined;
    for (const event of events) {
      const found = await replayCall(stage, conversation, call, calls, event);
      first = found.length === 0 ? found : (first ?? found);
      if (found.length === 0) break;
    }
    if (first !== undefined && first.length > 0) differences.push(`${call.request.method} ${call.request.path}`, ...first);
  }
  return differences;
}
