import { readdirSync, readFileSync } from 'node:fs';

/**
 * The CPU time of a process so far, over all its threads, in microseconds. The scheduler counts it in nanoseconds, and other
 * processes hardly affect it.
 * @returns undefined if the operating system does not provide it
 */
export function cpuTime(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const times = threads.map((thread) => {
      const [running = ''] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
      return Number(running) / 1000;
    });
    return times.reduce((sum, time) => sum + time, 0);
  } catch {
    return undefined;
  }
}

/** The resident memory of a process in megabytes; undefined if the operating system does not provide it. */
export function residentMemory(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1000;
  } catch {
    return undefined;
  }
}
