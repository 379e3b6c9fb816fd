import { cancelled } from '../errors.ts';
import type { WriteOptions } from '../terminal/project-options.ts';
import type { PromptStreams } from '../terminal/prompts.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Operation } from './apply.ts';
import { leavingOperations } from './backup.ts';
import type { ProjectContext } from './context.ts';
import { readDisk } from './open.ts';
import { besideOf, type Conflict } from './plan.ts';
import { sayConflicts, type Resolution } from './show.ts';

/**
 * Resolves each conflict by the option, or with a prompt.
 * @returns the resolutions, by path
 * @throws ExpectedError when the prompt is cancelled
 */
export async function resolveConflicts(
  context: ProjectContext,
  way: WriteOptions['conflict'],
  conflicts: readonly Conflict[],
): Promise<Map<string, Resolution>> {
  const resolutions = new Map<string, Resolution>();
  for (const conflict of conflicts) resolutions.set(conflict.path, await resolveOne(context, way, conflict));
  return resolutions;
}

async function resolveOne(
  { prompts, terminal }: ProjectContext,
  way: WriteOptions['conflict'],
  conflict: Conflict,
): Promise<Resolution> {
  if (way === 'fail' && prompts !== undefined) return askResolution(prompts, terminal, conflict);
  return way === 'inline' && conflict.marked !== undefined ? 'markers' : 'beside';
}

async function askResolution(streams: PromptStreams, terminal: Terminal, conflict: Conflict): Promise<Resolution> {
  const { askChoice } = await import('../terminal/prompts.ts');
  for (;;) {
    const choice = await askChoice<Resolution | 'abort' | 'diff'>(streams, `${conflict.path}: ${conflict.reason}`, [
      { value: 'abort', title: 'Abort: change nothing' },
      { value: 'keep', title: 'Keep yours' },
      { value: 'take', title: 'Take the new version; yours is kept in .tsuru-service/backup' },
      ...(conflict.marked === undefined ? [] : [{ value: 'markers' as const, title: 'Keep both, with conflict markers to edit' }]),
      { value: 'diff', title: 'Show the differences' },
    ]);
    if (choice === 'abort') throw cancelled();
    if (choice !== 'diff') return choice;
    sayConflicts(terminal, [conflict]);
  }
}

/** The operations of the resolved conflicts. */
export function settledOperations(
  directory: string,
  conflicts: readonly Conflict[],
  resolutions: ReadonlyMap<string, Resolution>,
): Operation[] {
  return conflicts.flatMap((conflict) => settle(directory, conflict, resolutions.get(conflict.path) ?? 'keep'));
}

function settle(directory: string, { path, mine, theirs, marked, from }: Conflict, resolution: Resolution): Operation[] {
  const { content, mode } = mine;
  const before = from === undefined ? content : undefined;
  const leaving = leavingOperations(from);
  const moving = from === undefined ? [] : [{ path, before, after: content, mode }, ...leaving];
  switch (resolution) {
    case 'keep':
      return moving;
    case 'take':
      return [{ path, before, after: theirs, mode }, ...leaving];
    case 'markers':
      return [{ path, before, after: Buffer.from(marked ?? ''), mode }, ...leaving];
    case 'beside': {
      const beside = besideOf(path);
      const there = readDisk(directory, [beside]).get(beside);
      return [...moving, { path: beside, before: there?.content, after: theirs, mode: there?.mode ?? mode }];
    }
  }
}
