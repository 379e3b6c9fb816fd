import { readdirSync, readFileSync } from 'node:fs';

/**
 * What a process has had of the processors so far, all its threads together, in microseconds. The scheduler counts it in
 * nanoseconds, and what other processes do hardly changes it.
 * @returns undefined where the operating system does not say
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

/** The memory of a process that is in use now, in megabytes; undefined where the operating system does not say. */
export function residentMemory(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1000;
  } catch {
    return undefined;
  }
}
