import { messageOf } from '../errors.ts';
import { parseManifest, type Manifest } from '../tsuru/manifest.ts';
import { readTrust, type Trust } from '../tsuru/trust.ts';
import { usage } from './options.ts';
import { readRegularFile } from './regular-file.ts';

/**
 * Reads the fields of a manifest, whatever Tsuru thinks of them.
 * @throws ExpectedError if Tsuru's client could not read it
 */
export function readManifest(file: string | undefined): Manifest {
  if (file === undefined) return parseManifest('').manifest;
  const unread = (why: string) => usage(`The manifest ${file} cannot be read: ${why}`, 'It should be the file for `tsuru service create`.');
  let text: string;
  try {
    text = readRegularFile(file);
  } catch (error) {
    throw unread(messageOf(error));
  }
  const { manifest, problems } = parseManifest(text);
  const problem = problems.find(({ isUnread }) => isUnread);
  if (problem !== undefined) throw unread(`line ${problem.line}: ${problem.field}${problem.field && ': '}${problem.message}`);
  return manifest;
}

/** @throws ExpectedError for wrong usage, and for a file without certificates */
export function trustOf(ca: string | undefined, insecure: boolean, environment: NodeJS.ProcessEnv): Trust {
  if (ca === undefined) return { insecure };
  if (insecure) throw usage('--ca and --insecure exclude each other.', 'Use --ca FILE where the certificate matters.');
  try {
    return readTrust(ca, environment);
  } catch (error) {
    throw usage(`--ca cannot be used: ${messageOf(error)}.`, 'It should be a file of PEM certificates.');
  }
}

/** Reads the address of a service API. @throws ExpectedError for wrong usage */
export function parseAddress(given: string | undefined): URL {
  if (given === undefined) {
    throw usage('The address is missing.', 'Give the URL of the service API, or a --manifest that contains it.');
  }
  if (/^(?!https?:)[a-z][a-z0-9+.-]*:\/\//i.test(given)) throw usage(`"${given}" is not an address of HTTP.`);
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
