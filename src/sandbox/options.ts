import { readArguments } from '../terminal/arguments.ts';
import { SANDBOX } from '../terminal/commands.ts';
import { usage } from '../terminal/options.ts';
import { parseAddress, readManifest, trustOf } from '../terminal/service-access.ts';
import type { Encoding } from '../tsuru/encoding.ts';
import type { Trust } from '../tsuru/trust.ts';

/** A parsed `sandbox` command. */
export interface SandboxRequest {
  /** Of a service that runs; undefined for the service of the project in the working directory. */
  address: URL | undefined;
  /** What the options say of the service, whatever its manifest says. */
  given: GivenService;
  port: number | undefined;
  host: string;
  /** The file of the state. */
  state: string | undefined;
  open: boolean;
  json: boolean;
  tls: Trust;
}

/** What was given of a service; all else is in its manifest. */
export interface GivenService {
  manifest: string | undefined;
  username: string | undefined;
  password: string | undefined;
  encoding: Encoding | undefined;
  multiCluster: boolean;
  team: string | undefined;
}

/**
 * Reads the arguments after `sandbox`.
 * @param isProject whether the working directory is a project, whose service is taken if no address is given
 * @param around a project above the working directory
 * @throws ExpectedError for wrong usage
 */
export function parseSandboxRequest(argv: readonly string[], environment: NodeJS.ProcessEnv, isProject: boolean, around?: string): SandboxRequest {
  const { values, argument: url } = readArguments(argv, SANDBOX);
  const { manifest, username, password, encoding, multiCluster, team, port, host, state, open, json } = values;
  // An empty variable would open it to the network.
  if (host === '') throw usage('The --host is empty.', 'Leave it out for this machine only, or give 0.0.0.0 for all addresses.');
  const address = url ?? (isProject ? undefined : readManifest(manifest).endpoints['production']);
  if (address === undefined && !isProject) {
    throw usage('There is no service.', `Give the URL of the service API, or a --manifest that contains it, or run it in ${around ?? 'a project of create-tsuru-service'}.`);
  }
  return {
    address: address === undefined ? undefined : parseAddress(address),
    given: { manifest, username, password, encoding, multiCluster, team },
    ...{ port, host, state, open, json },
    tls: trustOf(values.ca, values.insecure, environment),
  };
}
