import { readArguments } from '../terminal/arguments.ts';
import { CHECK, type FORMATS } from '../terminal/commands.ts';
import { didYouMean, usage } from '../terminal/options.ts';
import { parseAddress, readManifest, trustOf } from '../terminal/service-access.ts';
import type { Encoding, ParameterMap } from '../tsuru/encoding.ts';
import { readBaseline, type Accepted } from './baseline.ts';
import { groupOf, type Check } from './check.ts';
import { CHECKS } from './checks/index.ts';
import { checkNamed } from './labels.ts';
import { QUICK } from './quick.ts';
import type { CheckedService } from './session.ts';

export type Format = (typeof FORMATS)[number];

/** A parsed `check` command. */
export interface CheckRequest {
  service: CheckedService;
  checks: Check[];
  /** Milliseconds for all checks. */
  maxTime: number;
  format: Format;
  /** The files for the HTML page, the HTTP Archive and the badge, if they were requested. */
  report: string | undefined;
  har: string | undefined;
  badge: string | undefined;
  /** The accepted failures. */
  baseline: Accepted[];
  /** The files that were read, by their option. */
  inputs: Readonly<Record<string, string | undefined>>;
  /** Whether every request is shown. */
  replay: boolean;
  /** Whether to check again whenever the service restarts. */
  watch: boolean;
  verbose: boolean;
}

/**
 * Reads the arguments after `check`.
 * @param environment may contain SERVICE_USERNAME and SERVICE_PASSWORD
 * @returns what to check, or `list` for --list
 * @throws ExpectedError for wrong usage
 */
export function parseCheckRequest(argv: readonly string[], environment: NodeJS.ProcessEnv): CheckRequest | 'list' {
  const { values, argument: url } = readArguments(argv, CHECK);
  if (values.list) return 'list';
  const manifest = readManifest(values.manifest);
  const username = values.username ?? manifest.username ?? manifest.id ?? environment['SERVICE_USERNAME'];
  const password = values.password ?? manifest.password ?? environment['SERVICE_PASSWORD'];
  const address = parseAddress(url ?? manifest.endpoints['production']);
  if (username === undefined) {
    throw usage('The user name is missing.', 'Set --username, --manifest or SERVICE_USERNAME.');
  }
  if (password === undefined) {
    throw usage('The password is missing.', 'Set SERVICE_PASSWORD, --manifest or --password.');
  }
  if (values.watch && values.format !== 'pretty') {
    throw usage('--watch and --format exclude each other.', 'The other formats are of one run.');
  }
  const { checks, encodings } = chooseBy(values, values.encoding);
  const multiCluster = values.multiCluster || manifest.multiCluster;
  if (!multiCluster && checks.every((check) => check.multiCluster)) {
    throw usage('No check is left to run.', 'These checks are for a multi-cluster service: add --multi-cluster.');
  }
  return {
    service: {
      address,
      id: manifest.id ?? username,
      username,
      password,
      encodings,
      plan: values.plan,
      ...parametersIn(values.parameter),
      timeout: values.timeout * 1000,
      multiCluster,
      tls: trustOf(values.ca, values.insecure, environment),
    },
    checks,
    maxTime: values.maxTime * 1000,
    format: values.format,
    report: values.report,
    har: values.har,
    badge: values.badge,
    baseline: values.baseline === undefined ? [] : readBaseline(values.baseline),
    inputs: { manifest: values.manifest, ca: values.ca, baseline: values.baseline },
    replay: values.replay !== undefined,
    watch: values.watch,
    verbose: values.verbose,
  };
}

/** What --only, --skip, --quick and --replay choose. @throws ExpectedError for wrong usage */
function chooseBy(
  { only, skip, quick, replay }: { only: string[]; skip: string[]; quick: boolean; replay?: string },
  encodings: readonly Encoding[],
): { checks: Check[]; encodings: readonly Encoding[] } {
  const ways = Object.entries({ only: only.length > 0, quick, replay: replay !== undefined }).filter(([, isGiven]) => isGiven);
  if (ways.length > 1) throw usage(`${ways.map(([flag]) => `--${flag}`).join(' and ')} exclude each other.`);
  if (replay === undefined) return { checks: choose(quick ? QUICK : only, skip), encodings };
  if (skip.length > 0) throw usage('--replay runs one check, so that --skip has no meaning.');
  const { check, encoding } = checkNamed(replay);
  return { checks: [check], encodings: encoding === undefined ? encodings : [encoding] };
}

/** Whether a text is the id or the group of a check. */
export function isTarget(text: string): boolean {
  return CHECKS.some((check) => check.id === text || groupOf(check) === text);
}

/** The parameters for every create, and those written `ID:key=value` by that id or group. Other keys may contain colons. */
export function parametersIn(
  pairs: readonly (readonly [key: string, value: string])[],
): Required<Pick<CheckedService, 'parameters' | 'parametersBy'>> {
  const split = pairs.map(([key, value]) => {
    const [, target = '', rest = ''] = /^([^:]+):(.+)$/.exec(key) ?? [];
    return isTarget(target) ? { target, pair: [rest, value] as const } : { target: undefined, pair: [key, value] as const };
  });
  const of = (wanted: string | undefined): ParameterMap =>
    Object.fromEntries(split.filter(({ target }) => target === wanted).map(({ pair }) => pair));
  const targets = split.flatMap(({ target }) => target ?? []);
  return { parameters: of(undefined), parametersBy: Object.fromEntries(targets.map((target) => [target, of(target)])) };
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
