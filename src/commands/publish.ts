import { resolve } from 'node:path';

import { cancelled, EXIT, ExpectedError } from '../errors.ts';
import type { Context } from '../project/context.ts';
import { applyPlan } from '../publish/apply.ts';
import type { Api } from '../publish/api.ts';
import { parsePublishRequest } from '../publish/options.ts';
import { isDifferent, planOf } from '../publish/plan.ts';
import { registrationIn } from '../publish/project.ts';
import { proveReach } from '../publish/proof.ts';
import { readRegistered } from '../publish/registered.ts';
import { showPlan, showProof, showResult } from '../publish/show.ts';
import { readLogin } from '../publish/target.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { basicAuth, withoutSecrets } from '../tsuru/access.ts';

/** All that the command touches besides the project and Tsuru. */
export type PublishContext = Pick<Context, 'argv' | 'cwd' | 'environment' | 'terminal' | 'signal'>;

/**
 * Registers the service of a project in Tsuru, or brings what is registered up to date.
 * @returns the exit code: 1 if Tsuru refused a part, 6 if `--check` found a difference
 * @throws ExpectedError for wrong usage, files that cannot be used, no target or token, or if Tsuru cannot be asked
 */
export async function publish({ argv, cwd, environment, terminal: given, signal }: PublishContext): Promise<0 | 1 | 6> {
  const { directory, target, dryRun, check, tls } = parsePublishRequest(argv, environment);
  const wanted = registrationIn(resolve(cwd, directory), environment);
  const { address, token, labels } = readLogin(target, environment);
  const api: Api = { address: address.href.replace(/\/$/, ''), token, tls, signal };
  const clean = (text: string) => withoutSecrets(text, [token, wanted.password], [basicAuth(`${wanted.username || wanted.id}:${wanted.password}`)]);
  const terminal = hiding(given, clean);
  try {
    const plan = planOf(await readRegistered(api, wanted), wanted);
    showPlan(terminal, plan, wanted, api.address, dryRun);
    if (check) return isDifferent(plan) ? EXIT.different : 0;
    if (dryRun) return 0;
    const results = await applyPlan(api, plan, wanted, (result) => { showResult(terminal, result); });
    const isSent = results.every(({ refusal }) => refusal === undefined);
    if (results[0]?.refusal === undefined) showProof(terminal, await proveReach(api, wanted.id));
    if (signal.aborted) throw cancelled();
    return isSent && !plan.isOtherCluster ? 0 : EXIT.failed;
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    const known = error.exitCode === EXIT.inTheWay && labels.length > 0 ? ` The tsuru client knows the targets ${labels.join(', ')}.` : '';
    throw new ExpectedError(error.exitCode, clean(error.message), clean(error.hint + known));
  }
}

/** A terminal on which secrets are never shown, whatever Tsuru replies. */
function hiding(terminal: Terminal, clean: (text: string) => string): Terminal {
  return {
    ...terminal,
    write: (text) => { terminal.write(clean(text)); },
    writeError: (text) => { terminal.writeError(clean(text)); },
  };
}
