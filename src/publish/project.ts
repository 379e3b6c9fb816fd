import { unreadable } from '../errors.ts';
import { noProject } from '../project/open.ts';
import { EXAMPLE, hasRecord, projectManifest, recordIn, textIn } from '../project/service-files.ts';
import { BODY_LIMIT } from '../tsuru/http.ts';
import { problemLines } from '../tsuru/manifest.ts';
import { readPermissions, type Registration } from './registration.ts';

const DOCUMENTATION = 'docs/service.md';

/**
 * What the service of a project is to be registered with. In a fresh clone, the manifest is the example, and the password comes
 * from the environment.
 * @throws ExpectedError if a file cannot be read, or says what Tsuru does not take
 */
export function registrationIn(directory: string, environment: NodeJS.ProcessEnv): Registration {
  if (!hasRecord(directory)) throw noProject(directory);
  const { path, manifest, problems } = projectManifest(directory, environment);
  if (problems.length > 0) {
    throw unreadable(problemLines(path, problems), problems.some(({ field }) => field === 'password') && manifest.password === undefined ? 'In a fresh clone, such as in CI, set SERVICE_PASSWORD.' : '');
  }
  const { id = '', username = '', password = '', team = '', endpoints, multiCluster } = manifest;
  // The line ends of a checkout differ between Windows and CI.
  const doc = textIn(directory, DOCUMENTATION)?.replaceAll('\r\n', '\n');
  const size = Buffer.byteLength(doc ?? '');
  if (size > BODY_LIMIT) throw unreadable(`${DOCUMENTATION} has ${size} bytes, more than 1 MiB (${BODY_LIMIT} bytes): publish could not compare it with what Tsuru has.`, 'Shorten it.');
  return {
    ...{ id, username, password, team, endpoints, isMultiCluster: multiCluster, encoding: recordIn(directory).encoding, isExample: path === EXAMPLE },
    permissions: readPermissions(textIn(directory, 'permissions.json')),
    doc,
  };
}
