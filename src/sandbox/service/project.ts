import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { EXIT, ExpectedError, messageOf, unreadable } from '../../errors.ts';
import { isSet, manifestIn, recordIn, textIn, variablesIn } from '../../project/service-files.ts';
import { readPermissions, type Registration } from '../../publish/registration.ts';
import type { GivenService } from '../options.ts';
import { DEFAULT_TEAM } from './registration.ts';

/** The service of a generated project, and how it is started. */
export interface OwnService {
  directory: string;
  /** The package manager, and what it runs. */
  command: string;
  args: string[];
  /** The variables for it, besides those of this process. */
  variables: Record<string, string>;
  /** 0 for any that is free. */
  port: number;
  /** Whether its instances are in a SQLite file. */
  isSqlite: boolean;
}

/** Where a service of a project listens unless told. */
const DEFAULT_PORT = 8888;

/**
 * How the service of a project is started. A fresh clone has neither `.env` nor `manifest.yaml`: its service gets a password of
 * its own.
 *
 * @throws ExpectedError if a file of it cannot be read, if it has no script, or if its packages are not installed
 */
export function ownServiceIn(directory: string, environment: NodeJS.ProcessEnv): OwnService {
  const { packageManager, store } = recordIn(directory);
  const scripts = scriptsIn(directory);
  if (!existsSync(join(directory, 'node_modules')) && !existsSync(join(directory, '.pnp.cjs'))) {
    throw new ExpectedError(EXIT.inTheWay, 'The packages of the project are not installed.', `Run ${packageManager} install.`);
  }
  const variables = variablesIn(directory, environment);
  // It starts a PostgreSQL server, too, for a project that is not told of one.
  const script = 'dev:postgres' in scripts && !isSet(variables['POSTGRES_ADMIN_URL']) ? 'dev:postgres' : 'dev';
  if (!(script in scripts)) throw new ExpectedError(EXIT.inTheWay, 'package.json has no script "dev".', 'Start the service, and give its URL.');
  const { username, password } = credentialsIn(directory, variables);
  return {
    ...{ directory, command: packageManager, args: ['run', script], port: portOf(variables['PORT']) },
    variables: {
      ...(!isSet(variables['SERVICE_USERNAME']) && { SERVICE_USERNAME: username }),
      ...(!isSet(variables['SERVICE_PASSWORD']) && { SERVICE_PASSWORD: password }),
    },
    isSqlite: store === 'sqlite' && !isSet(environment['DATABASE_PATH']),
  };
}

/**
 * The registration of a project's service, read anew from its files.
 * @param own as it was started
 * @throws ExpectedError if one of the files cannot be read
 */
export function ownRegistrationIn(own: OwnService, given: GivenService, environment: NodeJS.ProcessEnv): Registration {
  const { directory, port } = own;
  const { name, encoding, team, multiCluster } = recordIn(directory);
  const variables = variablesIn(directory, { ...environment, ...own.variables });
  const manifest = manifestIn(directory, given.manifest);
  const { username, password } = credentialsIn(directory, variables, given.manifest);
  return {
    id: manifest?.id ?? name,
    username: given.username ?? username,
    password: given.password ?? password,
    endpoints: { production: `http://127.0.0.1:${port}${(variables['BASE_PATH'] ?? '').replace(/\/$/, '')}` },
    team: given.team ?? (manifest?.team || team || DEFAULT_TEAM),
    isMultiCluster: given.multiCluster || (manifest?.multiCluster ?? multiCluster),
    encoding: given.encoding ?? encoding,
    permissions: readPermissions(textIn(directory, 'permissions.json')),
    doc: textIn(directory, 'docs/service.md'),
  };
}

/** Those of the manifest, as Tsuru would have them; without one, those of the service itself. */
function credentialsIn(directory: string, variables: NodeJS.ProcessEnv, file?: string): { username: string; password: string } {
  const manifest = manifestIn(directory, file);
  const { name } = recordIn(directory);
  return {
    username: manifest?.username ?? manifest?.id ?? (variables['SERVICE_USERNAME'] || name),
    password: manifest?.password ?? (variables['SERVICE_PASSWORD'] || randomBytes(24).toString('base64url')),
  };
}

function scriptsIn(directory: string): Record<string, unknown> {
  try {
    const { scripts } = JSON.parse(textIn(directory, 'package.json') ?? '{}') as { scripts?: Record<string, unknown> };
    return { ...scripts };
  } catch (error) {
    throw unreadable(`package.json is not valid JSON: ${messageOf(error)}.`, 'Correct it.');
  }
}

function portOf(text: string | undefined): number {
  const port = Number(isSet(text) ? text : DEFAULT_PORT);
  return port >= 0 && port <= 65_535 ? port : DEFAULT_PORT;
}
