import { change, type ChangeExit } from '../project/change.ts';
import type { Context } from '../project/context.ts';
import { parseRegenerate } from '../terminal/project-options.ts';

/** `regenerate`: renders a project from its record again, and merges the result with the user's changes. */
export async function regenerate(context: Context): Promise<ChangeExit> {
  const { options, set } = parseRegenerate(context.argv);
  return change(context, options, (answers) => ({ ...answers, ...set }));
}
