import { usage } from '../../terminal/options.ts';
import { readManifest } from '../../terminal/service-access.ts';
import { encodeBody, type Encoding, type Fields } from '../../tsuru/encoding.ts';
import { send } from '../../tsuru/http.ts';
import { isName } from '../names.ts';
import type { GivenService } from '../options.ts';

/** What a service is registered with in Tsuru. */
export interface Registration {
  id: string;
  username: string;
  password: string;
  endpoint: string;
  team: string;
  isMultiCluster: boolean;
  encoding: Encoding;
  /** The permissions manifest, as JSON; undefined if there is none. */
  permissions?: string | undefined;
  /** The documentation; undefined if there is none. */
  doc?: string | undefined;
}

/** Tsuru's API, and the token for it. */
export interface Api {
  address: string;
  token: string;
}

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
    endpoint: address.href.replace(/\/$/, ''),
    team: given.team ?? manifest.team ?? DEFAULT_TEAM,
    isMultiCluster: given.multiCluster || manifest.multiCluster,
    encoding: given.encoding ?? 'form',
  };
}

/**
 * Registers a service in Tsuru by its own API, or updates what was registered.
 * @param before what it was registered with by this process, if it was: only what changed is sent
 * @returns what Tsuru refused, in its words, by what it refused, and whether Tsuru has the service as multi-cluster
 */
export async function register(
  api: Api,
  { permissions, doc, ...service }: Registration,
  before?: Registration,
): Promise<{ refused: string[]; isMultiCluster: boolean }> {
  const { id, username, password, endpoint, team, isMultiCluster, encoding } = service;
  const fields: Fields = [
    ...Object.entries({ id, username, password, endpoint, team, encoding, 'multi-cluster': String(isMultiCluster) }).map(
      ([name, value]): Fields[number] => [name, name, value, 'sent'],
    ),
  ];
  const form = encodeBody('form', fields, {});
  const { permissions: permissionsBefore, doc: docBefore, ...serviceBefore } = before ?? {};
  const path = `/services/${encodeURIComponent(id)}`;
  // Undefined if Tsuru does not have it.
  let wasMultiCluster = before?.id === id ? before.isMultiCluster : undefined;
  const refused: string[] = [];
  const put = async (what: string, to: string, type: string, body: string) => {
    const error = await request(api, 'PUT', to, type, body);
    if (error !== undefined) refused.push(`Tsuru refuses ${what}: ${error.text}`);
  };
  if (wasMultiCluster === undefined || JSON.stringify(service) !== JSON.stringify(serviceBefore)) {
    const updated = await request(api, 'PUT', `/1.0${path}`, FORM, form);
    // It may have been removed meanwhile, with all that belongs to it.
    if (updated?.status === 404) wasMultiCluster = undefined;
    const error = updated?.status === 404 ? await request(api, 'POST', '/1.0/services', FORM, form) : updated;
    if (error !== undefined) {
      return { refused: [`Tsuru refuses the service ${id}: ${error.text}`], isMultiCluster: wasMultiCluster ?? isMultiCluster };
    }
  }
  if (doc !== undefined && (wasMultiCluster === undefined || doc !== docBefore)) {
    await put('docs/service.md', `/1.0${path}/doc`, FORM, encodeBody('form', [['doc', 'doc', doc, 'sent']], {}));
  }
  if (permissions !== undefined && (wasMultiCluster === undefined || permissions !== permissionsBefore)) {
    await put('permissions.json', `/1.31${path}/manifest`, 'application/json', permissions);
  }
  if (wasMultiCluster === !isMultiCluster) refused.push('An update does not change multi-cluster in Tsuru: remove the service, then save the file again.');
  return { refused, isMultiCluster: wasMultiCluster ?? isMultiCluster };
}

const FORM = 'application/x-www-form-urlencoded';

/** Milliseconds. */
const PATIENCE = 60_000;

/** @returns undefined if the request was granted */
async function request(
  { address, token }: Api,
  method: string,
  path: string,
  type: string,
  body: string,
): Promise<{ status: number; text: string } | undefined> {
  const headers = { Authorization: `bearer ${token}`, 'Content-Type': type };
  const { reply, failure = '' } = await send(new URL(address), { method, path, headers, body }, { timeout: PATIENCE, signal: NEVER });
  if (reply !== undefined && reply.status < 300) return undefined;
  return { status: reply?.status ?? 0, text: reply?.body.toString().trim() ?? failure };
}

const NEVER = new AbortController().signal;
