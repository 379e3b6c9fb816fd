import type { Registration } from '../../publish/registration.ts';
import { usage } from '../../terminal/options.ts';
import { readManifest } from '../../terminal/service-access.ts';
import { isName } from '../names.ts';
import type { GivenService } from '../options.ts';

/** The id of a service that says none, and whose user name cannot be one. */
const DEFAULT_ID = 'my-service';

/** The team of a service that says none. */
export const DEFAULT_TEAM = 'my-team';

/**
 * The registration of a service that runs at an address, from its manifest and from what was given.
 * @throws ExpectedError if the password is missing, or the manifest cannot be read
 */
export function registrationAt(address: URL, given: GivenService, environment: NodeJS.ProcessEnv): Registration {
  const manifest = readManifest(given.manifest);
  const username = given.username ?? manifest.username ?? manifest.id ?? environment['SERVICE_USERNAME'] ?? DEFAULT_ID;
  const password = given.password ?? manifest.password ?? environment['SERVICE_PASSWORD'];
  if (password === undefined || password === '') throw usage('The password is missing.', 'Set SERVICE_PASSWORD, --manifest or --password.');
  return {
    ...{ id: manifest.id ?? (isName(username) ? username : DEFAULT_ID), username, password },
    endpoints: { production: address.href.replace(/\/$/, '') },
    team: given.team ?? manifest.team ?? DEFAULT_TEAM,
    isMultiCluster: given.multiCluster || manifest.multiCluster,
    encoding: given.encoding ?? 'form',
  };
}
