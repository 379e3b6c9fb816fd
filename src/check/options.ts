import { readFileSync } from 'node:fs';

import { parse as parseYaml } from 'yaml';

import { CHECK, FORMATS } from '../terminal/commands.ts';
import { messageOf } from '../errors.ts';
import { didYouMean, lastOf, oneOf, onlyOne, readFlags, usage } from '../terminal/options.ts';
import type { Encoding } from '../tsuru/encoding.ts';
import { groupOf, type Check } from './check.ts';
import { CHECKS } from './checks/index.ts';
import type { CheckedService } from './session.ts';

export type Format = (typeof FORMATS)[number];

/** What `check` was asked to do. */
export interface CheckRequest {
  service: CheckedService;
  checks: Check[];
  format: Format;
  /** The file for the HTML page, if it was requested. */
  report: string | undefined;
  verbose: boolean;
}

/**
 * Reads the arguments after `check`.
 * @param environment may contain SERVICE_USERNAME and SERVICE_PASSWORD
 * @returns what to check, or `list` for --list
 * @throws ExpectedError for wrong usage
 */
export function parseCheckRequest(argv: readonly string[], environment: NodeJS.ProcessEnv): CheckRequest | 'list' {
  const typed = readFlags(argv, CHECK);
  const all = (flag: string) => (typed.values.get(flag) ?? []).map(String);
  const last = (flag: string) => lastOf(typed, flag);
  if (typed.values.has('list')) return 'list';
  const url = onlyOne(typed.positionals, 'address can be checked');
  const manifest = readManifest(last('manifest'));
  const username = last('username') ?? manifest.username ?? environment['SERVICE_USERNAME'];
  const password = last('password') ?? manifest.password ?? environment['SERVICE_PASSWORD'];
  const address = parseAddress(url ?? manifest.endpoint);
  if (username === undefined) {
    throw usage('The user name is missing.', 'Set --username, --manifest or SERVICE_USERNAME.');
  }
  if (password === undefined) {
    throw usage('The password is missing.', 'Set SERVICE_PASSWORD, --manifest or --password.');
  }
  return {
    service: {
      address,
      id: manifest.id ?? username,
      username,
      password,
      encodings: parseEncodings(last('encoding') ?? 'form'),
      plan: last('plan'),
      parameters: Object.fromEntries(all('parameter').map(parseParameter)),
      timeout: parseSeconds(last('timeout') ?? '60') * 1000,
      multiCluster: typed.values.has('multi-cluster') || manifest.multiCluster,
    },
    checks: choose(all('only'), all('skip')),
    format: oneOf('format', last('format') ?? 'pretty', FORMATS),
    report: last('report'),
    verbose: typed.values.has('verbose'),
  };
}

interface Manifest {
  id?: string;
  username?: string;
  password?: string;
  endpoint?: string;
  multiCluster: boolean;
}

/** Reads the fields of a manifest that Tsuru reads ("Registration" in the contract). */
function readManifest(file: string | undefined): Manifest {
  if (file === undefined) return { multiCluster: false };
  let value: unknown;
  try {
    value = parseYaml(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    throw usage(`The manifest ${file} cannot be read: ${messageOf(error)}`, 'It should be the file for `tsuru service create`.');
  }
  if (typeof value !== 'object' || value === null) throw usage(`The manifest ${file} has no fields.`);
  const { id, username, password, endpoint, 'multi-cluster': multiCluster } = value as Record<string, unknown>;
  const production = (endpoint as Record<string, unknown> | null | undefined)?.['production'];
  const text = (key: 'id' | 'username' | 'password' | 'endpoint', given: unknown) =>
    (typeof given === 'string' || typeof given === 'number') && given !== '' ? { [key]: String(given) } : {};
  return {
    ...text('id', id),
    // Without a user name, Tsuru sends the id.
    ...text('username', id),
    ...text('username', username),
    ...text('password', password),
    ...text('endpoint', production),
    multiCluster: multiCluster === true,
  };
}

/** Reads the address of a service API. @throws ExpectedError for wrong usage */
export function parseAddress(given: string | undefined): URL {
  if (given === undefined) {
    throw usage('The address is missing.', 'Give the URL of the service API, or a --manifest that contains it.');
  }
  let url: URL;
  try {
    // Without a scheme, Tsuru assumes http.
    url = new URL(/^https?:\/\//i.test(given) ? given : `http://${given}`);
  } catch {
    throw usage(`"${given}" is not a valid address.`, 'Example: http://localhost:8888');
  }
  if (url.username !== '' || url.password !== '') {
    throw usage('The address contains a user name or a password.', 'Set them as --username and SERVICE_PASSWORD.');
  }
  return url;
}

function parseEncodings(given: string): Encoding[] {
  const encoding = oneOf('encoding', given, ['form', 'json', 'both'] as const);
  return encoding === 'both' ? ['form', 'json'] : [encoding];
}

function parseParameter(given: string): [string, string] {
  const mark = given.indexOf('=');
  if (mark < 1) throw usage(`--parameter cannot be "${given}".`, 'Write it as key=value.');
  return [given.slice(0, mark), given.slice(mark + 1)];
}

function parseSeconds(given: string): number {
  const seconds = Number(given);
  if (!(seconds > 0 && seconds <= 86_400)) throw usage(`--timeout cannot be "${given}".`, 'Give a number of seconds, at most 86400.');
  return seconds;
}

/** The checks named by `only` (all if it is empty) except those named by `skip`; both take ids and groups. */
export function choose(only: readonly string[], skip: readonly string[]): Check[] {
  const ids = CHECKS.map(({ id }) => id);
  const groups = [...new Set(CHECKS.map(groupOf))];
  const names = (given: readonly string[]) => given.flatMap((text) => text.split(',')).map((text) => text.trim());
  for (const name of [...names(only), ...names(skip)]) {
    if (ids.includes(name) || groups.includes(name)) continue;
    throw usage(
      `Unknown check or group "${name}".`,
      didYouMean(name, [...ids, ...groups]) ?? `The groups are: ${groups.join(', ')}. "check --list" prints every check.`,
    );
  }
  const isNamed = (check: Check, given: readonly string[]) =>
    given.includes(check.id) || given.includes(groupOf(check));
  const chosen = CHECKS.filter(
    (check) => (only.length === 0 || isNamed(check, names(only))) && !isNamed(check, names(skip)),
  );
  if (chosen.length === 0) throw usage('No check is left to run.');
  return chosen;
}
