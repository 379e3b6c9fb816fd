import { isSet } from '../project/service-files.ts';
import { readArguments } from '../terminal/arguments.ts';
import { PUBLISH } from '../terminal/commands.ts';
import { usage, usageOf } from '../terminal/options.ts';
import { trustOf } from '../terminal/service-access.ts';
import type { Trust } from '../tsuru/trust.ts';

/** A parsed `publish` command. */
export interface PublishRequest {
  directory: string;
  /** A URL or a label of the tsuru client; undefined for its current target. */
  target: string | undefined;
  dryRun: boolean;
  check: boolean;
  rotatePassword: boolean;
  /** Whether the service has a new password where it runs, though it may be out of reach from here. */
  isDeployed: boolean;
  tls: Trust;
}

/** Reads the arguments after `publish`. @throws ExpectedError for wrong usage, and for options that npm kept to itself */
export function parsePublishRequest(argv: readonly string[], environment: NodeJS.ProcessEnv): PublishRequest {
  const { values, argument: directory = '.' } = readArguments(argv, PUBLISH);
  const { target, dryRun, check, ca, rotatePassword, deployed: isDeployed } = values;
  const taken = Object.entries(PUBLISH.options).filter(([key, { flag }]) => {
    const kept = environment[`npm_config_${flag.replaceAll('-', '_')}`];
    // npm has a setting ca of its own.
    return flag !== 'ca' && !values[key as keyof typeof values] && isSet(kept) && kept !== 'false';
  });
  // Without a script of npm, it is a setting of something else.
  if (taken.length > 0 && isSet(environment['npm_lifecycle_event'])) {
    throw usage(`npm kept ${taken.map(([, { flag }]) => `--${flag}`).join(' ')} to itself, so nothing was sent.`, `Run npm run publish:tsuru -- ${taken.map(([, option]) => usageOf(option)).join(' ')}`);
  }
  if (isDeployed && !rotatePassword) throw usage('--deployed goes with --rotate-password only.');
  return { directory, target, dryRun, check, rotatePassword, isDeployed, tls: trustOf(ca, false, environment) };
}
