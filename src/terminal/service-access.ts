import { readFileSync } from 'node:fs';

import { parse as parseYaml } from 'yaml';

import { messageOf } from '../errors.ts';
import { readTrust, type Trust } from '../tsuru/trust.ts';
import { usage } from './options.ts';

/** The fields of a manifest that Tsuru reads. */
export interface Manifest {
  id?: string;
  username?: string;
  password?: string;
  endpoint?: string;
  team?: string;
  multiCluster: boolean;
}

/** Reads the fields of a manifest that Tsuru reads ("Registration" in the contract). */
export function readManifest(file: string | undefined): Manifest {
  if (file === undefined) return { multiCluster: false };
  let value: unknown;
  try {
    value = parseYaml(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    throw usage(`The manifest ${file} cannot be read: ${messageOf(error)}`, 'It should be the file for `tsuru service create`.');
  }
  if (typeof value !== 'object' || value === null) throw usage(`The manifest ${file} has no fields.`);
  const { id, username, password, endpoint, team, 'multi-cluster': multiCluster } = value as Record<string, unknown>;
  const production = (endpoint as Record<string, unknown> | null | undefined)?.['production'];
  const text = (key: 'id' | 'username' | 'password' | 'endpoint' | 'team', given: unknown) =>
    (typeof given === 'string' || typeof given === 'number') && given !== '' ? { [key]: String(given) } : {};
  return {
    ...text('id', id),
    // Without a user name, Tsuru sends the id.
    ...text('username', id),
    ...text('username', username),
    ...text('password', password),
    ...text('endpoint', production),
    ...text('team', team),
    multiCluster: multiCluster === true,
  };
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
