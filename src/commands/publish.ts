import { resolve } from 'node:path';

import { cancelled, EXIT, ExpectedError } from '../errors.ts';
import type { Context } from '../project/context.ts';
import type { FileSystem } from '../project/root.ts';
import { isSet, textIn } from '../project/service-files.ts';
import { applyPlan } from '../publish/apply.ts';
import type { Api } from '../publish/api.ts';
import { parsePublishRequest, type PublishRequest } from '../publish/options.ts';
import { isDifferent, keepEndpoints, keepFromExample, planOf } from '../publish/plan.ts';
import { registrationIn } from '../publish/project.ts';
import { proveReach } from '../publish/proof.ts';
import { readRegistered } from '../publish/registered.ts';
import type { Registration } from '../publish/registration.ts';
import { alone } from '../publish/rotation/alone.ts';
import type { Pace } from '../publish/rotation/reach.ts';
import { rotate } from '../publish/rotation/rotate.ts';
import { readPasswords, refuseRotation } from '../publish/rotation/state.ts';
import { showPlan, showProof, showResult, showRotation } from '../publish/show.ts';
import { readLogin } from '../publish/target.ts';
import { say, withEscapes } from '../terminal/terminal.ts';
import { encodedCredentials, withoutSecrets } from '../tsuru/access.ts';

/** All that the command touches besides Tsuru and the service. */
export interface PublishContext extends Pick<Context, 'argv' | 'cwd' | 'environment' | 'terminal' | 'signal' | 'machine'> {
  fs: FileSystem;
  newPassword: () => Promise<string>;
  /** How a service is asked whether it takes a new password. */
  pace: Pace;
}

/**
 * Registers the service of a project in Tsuru, or brings what is registered up to date.
 * @returns the exit code: 1 if Tsuru refused a part, 6 if `--check` found a difference
 * @throws ExpectedError for wrong usage, files that cannot be used, no target or token, or if Tsuru cannot be asked
 */
export async function publish(context: PublishContext): Promise<0 | 1 | 6> {
  const { argv, cwd, environment } = context;
  const request = parsePublishRequest(argv, environment);
  const directory = resolve(cwd, request.directory);
  const run = () => publishFrom(directory, context, request);
  return request.check || request.dryRun ? run() : alone(directory, context, request.rotatePassword, run);
}

async function publishFrom(directory: string, context: PublishContext, request: PublishRequest): Promise<0 | 1 | 6> {
  const { environment, terminal, signal, fs, pace } = context;
  const { target, dryRun, check, rotatePassword, isDeployed, tls } = request;
  const { old, password, inManifest, target: begunWith } = readPasswords(directory);
  const isUnderWay = old !== undefined;
  const isRotated = rotatePassword || isUnderWay;
  if (isRotated) refuseRotation(directory, environment);
  const { SERVICE_PASSWORD: _, ...others } = environment;
  const wanted = registrationIn(directory, isRotated ? others : environment);
  const username = wanted.username || wanted.id;
  const passwords = [wanted.password, password, old ?? '', inManifest ?? ''];
  const { address, token, labels } = readLogin(target, environment);
  const clean = (text: string) => withoutSecrets(text, [token, ...passwords.flatMap((one) => [one, encodedCredentials(`${username}:${one}`)])]);
  const api: Api = { address: address.href.replace(/\/$/, ''), token, tls, signal, clean };
  try {
    const registered = await readRegistered(api, wanted);
    const plan = planOf(registered, wanted);
    showPlan(terminal, plan, wanted, api, dryRun);
    if (!isRotated && [password, inManifest].some((one) => isSet(one) && one !== wanted.password)) {
      say(terminal, 'Warning: SERVICE_PASSWORD in the environment is another password than in .env or manifest.yaml, and comes first.');
    }
    const givenOld = environment['SERVICE_OLD_PASSWORD'];
    if (givenOld !== undefined && givenOld !== (old ?? '') && textIn(directory, '.env') !== undefined) {
      say(terminal, 'Warning: SERVICE_OLD_PASSWORD in the environment is not that of .env, and is ignored. Unset it: a service that is started with it would take it.');
    }
    if (isRotated && (check || dryRun)) showRotation(terminal, isUnderWay, begunWith);
    if (check) return isDifferent(plan) || isRotated ? EXIT.different : 0;
    keepEndpoints(registered, wanted, api.address);
    keepFromExample(plan, wanted);
    if (dryRun) return 0;
    const send = async (registration: Registration) => {
      const results = await applyPlan(api, plan, registration, (result) => { showResult(terminal, result); });
      const isSent = results.every(({ refusal }) => refusal === undefined);
      const proof = results.find(({ part }) => part === 'service')?.refusal === undefined ? await proveReach(api, wanted.id) : undefined;
      if (proof !== undefined) showProof(terminal, proof);
      if (signal.aborted) throw cancelled();
      return { code: isSent && !plan.isOtherCluster ? 0 : EXIT.failed, isShown: proof?.kind === 'reached' } as const;
    };
    if (!isRotated) return (await send(wanted)).code;
    return await rotate({
      ...{ directory, fs, terminal, address: api.address, isDeployed, pace },
      service: { endpoints: Object.values(wanted.endpoints), username, isMultiCluster: wanted.isMultiCluster, tls, signal },
      async newPassword() {
        const made = await context.newPassword();
        passwords.push(made);
        return made;
      },
      publish: (fresh) => send({ ...wanted, password: fresh }),
    });
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    const known = error.exitCode === EXIT.inTheWay && labels.length > 0 ? ` The tsuru client knows the targets ${labels.join(', ')}.` : '';
    throw new ExpectedError(error.exitCode, ...([error.message, error.hint + known].map((text) => withEscapes(clean(text))) as [string, string]));
  }
}
