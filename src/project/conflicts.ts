import { sayConflicts, type Resolution } from './show.ts';
import type { Conflict } from './plan.ts';
import { cancelled } from '../errors.ts';
import { askChoice, type PromptStreams } from '../terminal/prompts.ts';

import type { Terminal } from '../terminal/terminal.ts';

/** Asks what becomes of a file that both sides changed; to give up is the default. @throws ExpectedError when it is given up */
export async function askResolution(
  streams: PromptStreams,
  terminal: Terminal,
  conflict: Conflict,
): Promise<Resolution> {
  for (;;) {
    const answer = await askChoice<Resolution | 'abort' | 'diff'>(streams, `${conflict.path}: ${conflict.reason}`, [
      { value: 'abort', title: 'Abort, and change nothing at all' },
      { value: 'keep', title: 'Keep yours' },
      { value: 'take', title: 'Take the new one; yours goes to .tsuru-service/backup' },
      ...(conflict.marked === undefined ? [] : [{ value: 'markers' as const, title: 'Both, with markers to edit' }]),
      { value: 'diff', title: 'Show the difference' },
    ]);
    if (answer === 'abort') throw cancelled();
    if (answer !== 'diff') return answer;
    sayConflicts(terminal, [conflict]);
  }
}
