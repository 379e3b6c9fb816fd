import { wordsOf } from '../render/package-manager.ts';
import type { WriteOptions } from '../terminal/project-options.ts';
import { say } from '../terminal/terminal.ts';
import type { ProjectContext } from './context.ts';
import { nextBackup } from './carry-out.ts';
import { rootOf } from './open.ts';
import type { Proposal } from './proposal.ts';

/** Installs the dependencies if they or the package manager changed. */
export async function installIfNeeded(
  { environment, runProgram, signal, terminal }: ProjectContext,
  { install, json }: WriteOptions,
  { project, answers, plan }: Proposal,
): Promise<void> {
  const { directory, lock } = project;
  const { packageManager } = answers;
  const manifest = plan.changes.find(({ path }) => path === 'package.json');
  const [before, after] = [manifest?.before?.content, manifest?.after].map(dependenciesIn);
  const old = lock.answers.packageManager;
  const isOther = old !== packageManager;
  if (!isOther && (manifest === undefined || before === after)) return;
  const words = wordsOf(packageManager);
  if (json) return;
  if (!install) {
    const how = isOther ? `Remove node_modules, made by ${old}, and run: ` : '';
    say(terminal, `${isOther ? `The project uses ${packageManager} now` : 'The dependencies changed'}. ${isOther ? how : 'Run: '}${words.install}`);
  } else {
    const step = await import('../steps/install.ts');
    const run = () => step.install({ directory, packageManager, environment, runProgram, signal, terminal });
    const { withFreshModules } = await import('../steps/modules.ts');
    await (isOther ? withFreshModules(directory, nextBackup(rootOf(directory)), run) : run());
  }
  if (isOther) say(terminal, `Commit ${words.lockfile}, and use ${packageManager} everywhere this project is installed.`);
}

/** The dependencies of a package.json, for comparison; the whole text if it is not valid JSON. */
function dependenciesIn(content: Buffer | undefined): string {
  const text = content?.toString().replace(/^\uFEFF/, '') ?? '';
  try {
    const { dependencies, devDependencies } = JSON.parse(text) as Record<string, unknown>;
    return JSON.stringify([dependencies, devDependencies]);
  } catch {
    return text;
  }
}
