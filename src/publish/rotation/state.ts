import { EXIT, ExpectedError } from '../../errors.ts';
import { textIn } from '../../project/service-files.ts';
import { parseManifest } from '../../tsuru/manifest.ts';
import { passwordsIn, targetIn } from './env-file.ts';
import { SECRET_FILES } from './replace-file.ts';

/** The passwords in the files of a project: all that a rotation knows of how far it is. */
interface RotatedPasswords {
  /** `''` if there is none. */
  password: string;
  /** Set while a rotation is under way. */
  old: string | undefined;
  /** The address of the Tsuru with which that rotation ends; undefined if any may end it. */
  target: string | undefined;
  /** That of manifest.yaml; undefined if it has none, as in a fresh clone. */
  inManifest: string | undefined;
}

/** @throws ExpectedError if a file cannot be read */
export function readPasswords(directory: string): RotatedPasswords {
  const text = textIn(directory, '.env') ?? '';
  const { password = '', old } = passwordsIn(text);
  return { password, old, target: old === undefined ? undefined : targetIn(text), inManifest: parseManifest(textIn(directory, 'manifest.yaml') ?? '').manifest.password };
}

/** @throws ExpectedError if the password cannot be changed here, or a rotation cannot be finished */
export function refuseRotation(directory: string, environment: NodeJS.ProcessEnv): void {
  const refuse = (why: string, advice: string) => {
    throw new ExpectedError(EXIT.inTheWay, `The password cannot be changed here: ${why}.`, advice);
  };
  const { password, old, inManifest } = readPasswords(directory);
  const given = environment['SERVICE_PASSWORD'];
  if (given && (old === undefined || given !== password)) {
    refuse('SERVICE_PASSWORD is set in the environment, and comes before that of .env', 'Run it without that variable.');
  }
  const missing = SECRET_FILES.find((path) => textIn(directory, path) === undefined);
  if (missing !== undefined) refuse(`there is no ${missing}`, 'Run it where the project has both files, not in a fresh clone such as that of CI.');
  if (password === '') refuse('.env has no SERVICE_PASSWORD', 'Set it to the password that the service takes.');
  if (inManifest !== undefined && inManifest !== password && inManifest !== old) {
    refuse('that of manifest.yaml is not that of .env', 'Set both to the password that the service takes.');
  }
  if (old === undefined && textIn(directory, 'src/tsuru/config.ts')?.includes('SERVICE_OLD_PASSWORD') !== true) {
    refuse('the service takes one password only', 'Run create-tsuru-service regenerate, and deploy the service, then run this again.');
  }
}
