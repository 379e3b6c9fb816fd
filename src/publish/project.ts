import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { RECORD } from '../answers/answers.ts';
import { readRecord } from '../answers/record.ts';
import { EXIT, ExpectedError } from '../errors.ts';
import { hasRecord, textIn, variablesIn } from '../project/service-files.ts';
import { readManifest } from '../terminal/service-access.ts';
import { readPermissions, type Registration } from './registration.ts';

/**
 * What the service of a project is to be registered with. In a fresh clone, the manifest is the example, and the password comes
 * from the environment.
 * @throws ExpectedError if a file cannot be read, or says what Tsuru does not take
 */
export function registrationIn(directory: string, environment: NodeJS.ProcessEnv): Registration {
  if (!hasRecord(directory)) throw new ExpectedError(EXIT.inTheWay, `${directory} has no ${RECORD}.`, 'Run publish in a project of create-tsuru-service, or give its directory.');
  const { name, encoding, team } = readRecord(textIn(directory, RECORD) ?? '');
  const file = ['manifest.yaml', 'manifest.example.yaml'].find((one) => existsSync(join(directory, one))) ?? 'manifest.yaml';
  const manifest = readManifest(join(directory, file));
  const password = variablesIn(directory, environment)['SERVICE_PASSWORD'] || manifest.password;
  if (password === undefined) throw new ExpectedError(EXIT.inTheWay, 'The password is missing.', 'Set SERVICE_PASSWORD.');
  const permissions = textIn(directory, 'permissions.json');
  if (permissions !== undefined) readPermissions(permissions);
  return {
    ...{ id: manifest.id ?? name, username: manifest.username ?? '', password, team: manifest.team ?? team, encoding },
    ...{ endpoints: { production: manifest.endpoint ?? '' }, isMultiCluster: manifest.multiCluster, permissions },
    doc: textIn(directory, 'docs/service.md'),
  };
}
