import { readFileSync } from 'node:fs';

import { parse as parseYaml } from 'yaml';

import { readArguments } from '../terminal/arguments.ts';
import { CHECK, type FORMATS } from '../terminal/commands.ts';
import { messageOf } from '../errors.ts';
import { didYouMean, usage } from '../terminal/options.ts';
import { groupOf, type Check } from './check.ts';
import { CHECKS } from './checks/index.ts';
import type { Target } from './session.ts';

export type Format = (typeof FORMATS)[number];

/** What `check` is to do. */
export interface CheckRequest {
  target: Target;
  checks: Check[];
  format: Format;
  /** Where the summary page goes. */
  report: string | undefined;
  verbose: boolean;
}

/**
 * Reads the arguments after `check`.
 * @param environment may have SERVICE_USERNAME and SERVICE_PASSWORD
 * @returns what to check, or `list` when the checks are to be printed only
 * @throws ExpectedError for wrong usage
 */
export function parseCheckRequest(argv: readonly string[], environment: NodeJS.ProcessEnv): CheckRequest | 'list' {
  const { values, argument: url } = readArguments(argv, CHECK);
  if (values.list) return 'list';
  const manifest = readManifest(values.manifest);
  const username = values.username ?? manifest.username ?? environment['SERVICE_USERNAME'];
  const password = values.password ?? manifest.password ?? environment['SERVICE_PASSWORD'];
  const address = parseAddress(url ?? manifest.endpoint);
  if (username === undefined) {
    throw usage('The user name is missing.', 'Give --username, --manifest or SERVICE_USERNAME.');
  }
  if (password === undefined) {
    throw usage('The password is missing.', 'Give it as SERVICE_PASSWORD, by --manifest or as --password.');
  }
  return {
    target: {
      address,
      service: manifest.id ?? username,
      username,
      password,
      encodings: values.encoding,
      plan: values.plan,
      parameters: values.parameter,
      timeout: values.timeout * 1000,
      multiCluster: values.multiCluster || manifest.multiCluster,
    },
    checks: choose(values.only, values.skip),
    format: values.format,
    report: values.report,
    verbose: values.verbose,
  };
}

interface Manifest {
  id?: string;
  username?: string;
  password?: string;
  endpoint?: string;
  multiCluster: boolean;
}

/** Reads what Tsuru reads of a manifest ("Registration" in the contract). */
function readManifest(file: string | undefined): Manifest {
  if (file === undefined) return { multiCluster: false };
  let value: unknown;
  try {
    value = parseYaml(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    throw usage(`The manifest ${file} cannot be read: ${messageOf(error)}`, 'It is what `tsuru service create` takes.');
  }
  if (typeof value !== 'object' || value === null) throw usage(`The manifest ${file} has nothing in it.`);
  const { id, username, password, endpoint, 'multi-cluster': multiCluster } = value as Record<string, unknown>;
  const production = (endpoint as Record<string, unknown> | null | undefined)?.['production'];
  const text = (key: 'id' | 'username' | 'password' | 'endpoint', given: unknown) =>
    (typeof given === 'string' || typeof given === 'number') && given !== '' ? { [key]: String(given) } : {};
  return {
    ...text('id', id),
    // Without a user name Tsuru sends the id.
    ...text('username', id),
    ...text('username', username),
    ...text('password', password),
    ...text('endpoint', production),
    multiCluster: multiCluster === true,
  };
}

function parseAddress(given: string | undefined): URL {
  if (given === undefined) {
    throw usage('The address is missing.', 'Give the URL of the service API, or a --manifest that has it.');
  }
  let url: URL;
  try {
    // Tsuru takes an address without a scheme as http.
    url = new URL(/^https?:\/\//i.test(given) ? given : `http://${given}`);
  } catch {
    throw usage(`"${given}" is no address.`, 'It looks like http://localhost:8888.');
  }
  if (url.username !== '' || url.password !== '') {
    throw usage('The address has a user name or a password in it.', 'Give them as --username and SERVICE_PASSWORD.');
  }
  return url;
}

/** The checks that are named, by their ids or their groups, without those that are left out. */
function choose(only: readonly string[], skip: readonly string[]): Check[] {
  const ids = CHECKS.map(({ id }) => id);
  const groups = [...new Set(CHECKS.map(groupOf))];
  const names = (given: readonly string[]) => given.flatMap((text) => text.split(',')).map((text) => text.trim());
  for (const name of [...names(only), ...names(skip)]) {
    if (ids.includes(name) || groups.includes(name)) continue;
    throw usage(
      `There is no check "${name}".`,
      didYouMean(name, [...ids, ...groups]) ?? `The groups are: ${groups.join(', ')}. check --list prints every check.`,
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
