import { plainLine } from '../terminal/terminal.ts';
import { ask, servicePath, tsuruWords, type TsuruAnswer, type Api } from './api.ts';
import { obstacleIn } from './refusals.ts';

/** Whether Tsuru reaches a service with its password, and gets plans. */
export type Proof = { kind: 'reached'; plans: string[] } | { kind: 'doubtful'; warning: string };

/** Lets Tsuru ask a service for its plans, in a pool if it has to be in one. */
export async function proveReach(api: Api, id: string): Promise<Proof> {
  const path = `${servicePath('1.0', id)}/plans`;
  const answer = await ask(api, 'GET', path);
  const pool = /^You must provide the pool name, available pools: ([^,\s]+)/.exec(answer.text)?.[1];
  return proofIn(answer.status === 400 && pool !== undefined ? await ask(api, 'GET', `${path}?pool=${encodeURIComponent(pool)}`) : answer, api);
}

function proofIn(answer: TsuruAnswer, api: Api): Proof {
  const doubtful = (warning: string): Proof => ({ kind: 'doubtful', warning });
  const obstacle = obstacleIn(answer, api);
  if (obstacle !== undefined) return doubtful(`Tsuru could not be asked whether it reaches the service: ${obstacle[0]}`);
  const words = tsuruWords(answer, api);
  if (answer.status === 403) return doubtful('It is unknown whether Tsuru reaches the service: the user of the token lacks the permission service.read.plans.');
  if (answer.status === 200) {
    const plans = plansIn(answer.text, api);
    if (plans === undefined) return doubtful('Tsuru gets no plans from the service. Does it run with the same user name and password as in manifest.yaml? What it logs tells.');
    return { kind: 'reached', plans };
  }
  if (/provide the pool name/.test(words)) return doubtful('The service is multi-cluster, and the user of the token has no pool in which Tsuru could ask it for its plans.');
  const reason = REASONS.find(([pattern]) => pattern.test(words))?.[1] ?? 'the call fails';
  return doubtful(`Tsuru does not reach the service: ${reason} (${words}). Check that the service runs, and that Tsuru can reach the endpoint in manifest.yaml.`);
}

/** What Tsuru's words for a failed call mean. */
const REASONS: [RegExp, string][] = [
  [/connection refused/, 'nothing listens at its endpoint'],
  [/no such host|server misbehaving/, 'the name in its endpoint is unknown there'],
  [/timeout|deadline exceeded/i, 'its endpoint does not reply'],
  [/x509|certificate|tls:/, 'the certificate at its endpoint is not trusted there'],
  [/invalid character|cannot unmarshal/, 'what replies at its endpoint is not the service'],
];

/** Characters of the name of a plan that are shown. */
const LONGEST = 200;

/** @returns undefined if Tsuru got none: it has `null` then */
function plansIn(text: string, { clean = String }: Api): string[] | undefined {
  try {
    const plans = JSON.parse(text) as { Name?: unknown }[] | null;
    return plans?.map(({ Name }) => plainLine(String(Name), LONGEST, clean));
  } catch {
    return undefined;
  }
}
