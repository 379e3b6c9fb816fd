import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two looks. */
const PAUSE = 300;

/** Tells whenever one of the files changed, however an editor saves it, until the signal is aborted. */
export async function followFiles(paths: readonly string[], signal: AbortSignal, tell: () => Promise<void>): Promise<void> {
  let before = paths.map(versionOf).join();
  const isOver = () => signal.aborted;
  while (!isOver()) {
    await sleep(PAUSE, undefined, { signal }).catch(() => undefined);
    const now = paths.map(versionOf).join();
    if (now !== before && !isOver()) await tell();
    before = now;
  }
}

function versionOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? '' : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}
