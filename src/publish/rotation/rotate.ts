import { cancelled, EXIT, ExpectedError } from '../../errors.ts';
import type { FileSystem } from '../../project/root.ts';
import { say, type Terminal } from '../../terminal/terminal.ts';
import { quote } from '../../text.ts';
import { withPassword } from '../../tsuru/manifest.ts';
import { withNewPassword, withoutOldPassword } from './env-file.ts';
import { takingNow, untilTaken, type AskedService, type Pace } from './reach.ts';
import { replaceFile } from './replace-file.ts';
import { readPasswords } from './state.ts';

/** All that a rotation touches. */
export interface RotationContext {
  directory: string;
  fs: FileSystem;
  terminal: Terminal;
  /** Of Tsuru. */
  address: string;
  service: AskedService;
  /** Whether the service has both passwords where it runs, though it may be out of reach from here. */
  isDeployed: boolean;
  /** How the service is asked until it has started again. */
  pace: Pace;
  newPassword: () => Promise<string>;
  /**
   * Registers the service with a password, and lets Tsuru call it.
   * @returns the exit code, and whether Tsuru's call shows that it has this password
   */
  publish: (password: string) => Promise<{ code: 0 | 1; isShown: boolean }>;
}

const AGAIN = 'then run the same command again';

/**
 * What gives an app of Tsuru the passwords of `.env`: both at once, since each change restarts it. Node reads the file as the service
 * does; a shell would read `$` or CRLF in another way.
 */
const GIVE = `env -u SERVICE_PASSWORD -u SERVICE_OLD_PASSWORD node --env-file=.env -e 'child_process.execSync(process.argv[1], { stdio: "inherit" })' 'tsuru env set --app APP --private "SERVICE_PASSWORD=$SERVICE_PASSWORD" "SERVICE_OLD_PASSWORD=$SERVICE_OLD_PASSWORD"'`;

/**
 * Changes the password of a service so that no call of Tsuru fails: the service takes both before the manifest and Tsuru have
 * the new one, and the old one goes last. Each step looks at what is there, and does nothing twice: one that was cut off, anywhere,
 * is finished by the next run.
 *
 * @returns the exit code of publishing
 * @throws ExpectedError if a step is impossible; Tsuru's calls work as before
 */
export async function rotate(context: RotationContext): Promise<0 | 1> {
  const isUnderWay = await begin(context);
  await letServiceTake(context, isUnderWay);
  await changeManifest(context);
  const { password, target = context.address } = readPasswords(context.directory);
  const { code, isShown } = await context.publish(password);
  if (target !== context.address) {
    say(context.terminal, `The old password stays in .env for ${target}: publish there, too. If that Tsuru is gone, remove the line about it from .env first.`);
    return code;
  }
  if (!isShown) {
    say(context.terminal, `The rotation is unfinished: it ends when a token with service.read.plans shows that Tsuru gets plans with the new password. The old one stays in .env until then: correct that, ${AGAIN}.`);
    return EXIT.failed;
  }
  await end(context);
  return code;
}

/** `.env` gets a new password, and keeps the old one for a while. @returns whether it had one before */
async function begin({ directory, fs, terminal, address, service, pace, newPassword }: RotationContext): Promise<boolean> {
  const { password: present, old, target = address, inManifest } = readPasswords(directory);
  if (old !== undefined) {
    say(terminal, `A rotation of the password is unfinished: ${target === address ? 'this' : `publish --target ${quote(target)}, the address in .env,`} finishes it.`);
    return true;
  }
  const taking = await takingNow(service, present, pace);
  if (taking.kind === 'refused') {
    throw new ExpectedError(
      EXIT.inTheWay,
      `The service at ${taking.endpoint} does not take the password in .env (${taking.why}): another machine may have changed it.`,
      `Set the password in .env and in manifest.yaml to the one that the service takes, ${AGAIN}.`,
    );
  }
  const password = await newPassword();
  // It must be possible there, too, before anything is changed.
  if (inManifest !== undefined) await replaceFile(fs, directory, 'manifest.yaml', (text) => withPassword(text, password), true);
  await replaceFile(fs, directory, '.env', (text) => withNewPassword(text, password, address));
  say(terminal, `${terminal.green('✓')} .env has a new password, and the old one as SERVICE_OLD_PASSWORD.`);
  return false;
}

/** Waits until the service takes the new password where Tsuru calls it. */
async function letServiceTake({ directory, terminal, service, isDeployed, pace }: RotationContext, isUnderWay: boolean): Promise<void> {
  const { password, inManifest } = readPasswords(directory);
  // A password that is only just made is deployed nowhere. The manifest has it only after this step.
  const mayBeAway = (isDeployed && isUnderWay) || inManifest === password;
  const taking = await untilTaken(service, password, pace, mayBeAway);
  if (taking.kind === 'taken') {
    say(terminal, `${terminal.green('✓')} The service takes the new password.`);
    return;
  }
  const { kind, endpoint, why } = taking;
  if (mayBeAway && kind === 'away') return;
  throw new ExpectedError(
    EXIT.inTheWay,
    kind === 'refused' ? `The service at ${endpoint} does not take the new password yet (${why}).` : `The service at ${endpoint} cannot be asked whether it takes the new password (${why}).`,
    `Calls of Tsuru still have the old one, and nothing is lost. Give the service both passwords of .env where it runs, ${AGAIN}${kind === 'refused' ? '' : ', with --rotate-password --deployed if the endpoint cannot be reached from here'}. For an app of Tsuru: ${GIVE}`,
  );
}

async function changeManifest({ directory, fs, terminal, service }: RotationContext): Promise<void> {
  if (service.signal.aborted) throw cancelled();
  const { password, inManifest } = readPasswords(directory);
  if (inManifest === undefined || inManifest === password) return;
  await replaceFile(fs, directory, 'manifest.yaml', (text) => withPassword(text, password));
  say(terminal, `${terminal.green('✓')} manifest.yaml has the new password.`);
}

/** The old password goes. */
async function end({ directory, fs, terminal }: RotationContext): Promise<void> {
  await replaceFile(fs, directory, '.env', withoutOldPassword);
  say(terminal, `${terminal.green('✓')} The password is changed. Publish to every other Tsuru that has the service, change SERVICE_PASSWORD in CI, then remove SERVICE_OLD_PASSWORD where the service runs, too. For an app of Tsuru: tsuru env unset --app APP SERVICE_OLD_PASSWORD`);
}
