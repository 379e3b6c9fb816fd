import { parseEnv } from 'node:util';

import jsTokens from 'js-tokens';
import { parse } from 'yaml';

import type { Answers } from '../answers/answers.ts';
import { withoutBom } from '../text.ts';

/** A file that was written once, belongs to the user, and disagrees with the answers. */
export interface Disagreement {
  path: string;
  /** The edits to make, in words and without secrets. */
  toDo: string[];
}

/** Returns the edits that a file needs for the changed answers. @throws Error when the file cannot be parsed */
type Look = (text: string, answers: Answers, changed: ReadonlySet<keyof Answers>, before: Answers) => string[];

const WRITTEN_ONCE: readonly { path: string; keys: readonly (keyof Answers)[]; look: Look }[] = [
  { path: 'manifest.yaml', keys: ['name', 'team', 'endpoint', 'multiCluster'], look: lookAtManifest },
  { path: '.env', keys: ['name', 'endpoint', 'store', 'backend'], look: lookAtEnvironment },
  { path: 'src/plans.ts', keys: ['plans'], look: lookAtPlans },
];

/**
 * The files that are written once and disagree with the changed answers.
 * @param read returns a file's text, or undefined when there is no file; throws an Error when it cannot be read
 */
export function disagreements(
  before: Answers,
  after: Answers,
  read: (path: string) => string | undefined,
): Disagreement[] {
  return WRITTEN_ONCE.flatMap(({ path, keys, look }) => {
    const changed = new Set(keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])));
    if (changed.size === 0) return [];
    let toDo: string[];
    try {
      const text = read(path);
      toDo = text === undefined ? [] : look(withoutBom(text), after, changed, before);
    } catch {
      // The error is not shown: it may quote a secret.
      toDo = [`check the ${[...changed].join(' and ')}: the file could not be read`];
    }
    return toDo.length === 0 ? [] : [{ path, toDo }];
  });
}

function lookAtManifest(text: string, { name, team, endpoint, multiCluster }: Answers, changed: ReadonlySet<string>) {
  const manifest = parse(text) as Record<string, unknown>;
  const { production } = (manifest['endpoint'] ?? {}) as Record<string, unknown>;
  const wrong = (key: keyof Answers, isRight: boolean, toDo: string) => (changed.has(key) && !isRight ? [toDo] : []);
  return [
    ...wrong('name', manifest['id'] === name, `set id to ${name}`),
    ...wrong('name', manifest['username'] === name, `set username to ${name}`),
    ...wrong('team', (manifest['team'] ?? '') === team, team === '' ? 'remove team' : `set team to ${team}`),
    ...wrong('endpoint', withoutSlash(String(production)) === endpoint, `set endpoint.production to ${endpoint}`),
    ...wrong(
      'multiCluster',
      (manifest['multi-cluster'] ?? false) === multiCluster,
      `set multi-cluster to ${String(multiCluster)}`,
    ),
  ];
}

/** Parsed with Node's own parser, as the service does. */
function lookAtEnvironment(text: string, { name, endpoint, store, backend }: Answers, changed: ReadonlySet<string>) {
  const environment = parseEnv(text);
  const { hostname, port, pathname } = new URL(endpoint);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  const wanted = [
    ...(changed.has('name') ? [['SERVICE_USERNAME', name] as const] : []),
    ...(changed.has('endpoint') ? [['BASE_PATH', withoutSlash(pathname)] as const] : []),
    // A proxy at a public address may forward to any port.
    ...(changed.has('endpoint') && isLocal && port !== '' ? [['PORT', port] as const] : []),
  ];
  const required = [
    ...(changed.has('store') && store === 'postgres' ? ['STORE_URL'] : []),
    ...(changed.has('backend') && backend === 'postgres' ? ['POSTGRES_ADMIN_URL'] : []),
  ];
  return [
    ...wanted
      .filter(([variable, value]) => withoutSlash(environment[variable] ?? '') !== value)
      .map(([variable, value]) => (value === '' ? `empty ${variable}` : `set ${variable} to ${value}`)),
    ...required.filter((variable) => !environment[variable]).map((variable) => `set ${variable}`),
  ];
}

/** Compares the string literals only: evaluating the file would mean running it. */
function lookAtPlans(code: string, { plans }: Answers, _changed: ReadonlySet<string>, before: Answers) {
  const { texts, names } = textsIn(code);
  const isThere = (text: string) => texts.has(text);
  const old = before.plans.filter(({ name }) => !plans.some((plan) => plan.name === name));
  const missing = plans.filter(({ name }) => !isThere(name));
  const left = old.filter(({ name }) => (names.length > 0 ? names.includes(name) : isThere(name)));
  const described = plans.filter(
    ({ name, description }) =>
      isThere(name) &&
      !isThere(description) &&
      !before.plans.some((plan) => plan.name === name && plan.description === description),
  );
  const [first] = plans;
  const isFirst = names.length === 0 || first === undefined || names[0] === first.name || !names.includes(first.name);
  const isDefaultNew = first?.name !== before.plans[0]?.name;
  return [
    ...missing.map(({ name }) => `add the plan ${JSON.stringify(name)}`),
    ...left.map(({ name }) => `remove the plan ${JSON.stringify(name)}`),
    ...described.map(({ name }) => `change the description of the plan ${JSON.stringify(name)}`),
    ...(isDefaultNew && !isFirst ? [`put the plan ${JSON.stringify(first.name)} first`] : []),
  ];
}

/** The string literals of a program, and those that follow `name:`, in order. Comments are ignored. */
function textsIn(code: string): { texts: Set<string>; names: string[] } {
  const texts = new Set<string>();
  const names: string[] = [];
  let [last, beforeLast] = ['', ''];
  for (const { type, value } of jsTokens(code)) {
    if (/^(WhiteSpace|LineTerminatorSequence|(Single|Multi)LineComment)$/.test(type)) continue;
    if (type === 'StringLiteral' || type === 'NoSubstitutionTemplate') {
      const text = unescaped(value.slice(1, -1));
      texts.add(text);
      if (last === ':' && /^["']?name["']?$/.test(beforeLast)) names.push(text);
    }
    [beforeLast, last] = [last, value];
  }
  return { texts, names };
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', 0: '\0' };

function unescaped(text: string): string {
  return text.replace(
    /\\(?:u\{([0-9a-f]{1,6})\}|u([0-9a-f]{4})|x([0-9a-f]{2})|(\r\n|[^]))/gi,
    (_, point?: string, unit?: string, byte?: string, other?: string) => {
      const code = point ?? unit ?? byte;
      if (code !== undefined) return String.fromCodePoint(Math.min(parseInt(code, 16), 0x10ffff));
      // A line continuation.
      if (other === undefined || /[\r\n\u2028\u2029]/.test(other)) return '';
      return ESCAPES[other] ?? other;
    },
  );
}

function withoutSlash(value: string): string {
  return value.endsWith('/') ? value.slice(0, -1) : value;
}
