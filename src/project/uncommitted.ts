import { RECORD } from '../answers/answers.ts';
import { EXIT, ExpectedError } from '../errors.ts';
import { isEdited } from './backup.ts';
import type { ProjectContext } from './context.ts';
import { sha256 } from './hash.ts';
import type { Project } from './open.ts';
import type { Plan } from './plan.ts';

/**
 * Refuses to change edited files before the edits are committed, except for merges by the last run.
 * @throws ExpectedError that lists the uncommitted files
 */
export async function refuseUncommitted(context: ProjectContext, project: Project, plan: Plan): Promise<void> {
  const edited = new Map([
    ...plan.changes
      .filter((change) => isEdited(change) && change.path !== RECORD && change.of === undefined)
      .map(({ path, before, from }) => [from?.path ?? path, from?.file ?? before] as const),
    ...plan.conflicts.map(({ path, mine, from }) => [from?.path ?? path, from?.file ?? mine] as const),
  ]);
  if (edited.size === 0) return;
  const { uncommitted } = await import('../steps/uncommitted.ts');
  const { files } = project.lock;
  const unsafe = (await uncommitted(project.directory, [...edited.keys()], context)).filter((path) => {
    const content = edited.get(path)?.content;
    return content === undefined || !Object.hasOwn(files, path) || files[path]?.written !== sha256(content);
  });
  if (unsafe.length === 0) return;
  throw new ExpectedError(
    EXIT.inTheWay,
    `These files would change, but have uncommitted changes:\n${unsafe.map((path) => `  ${path}`).join('\n')}`,
    'Commit them, or use --allow-dirty.',
  );
}
