import { spawnSync } from 'node:child_process';

/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** A command to time: what runs, and what has to happen before each run, untimed. */
export interface Timed {
  command: string;
  args: readonly string[];
  cwd?: string;
  environment?: Record<string, string>;
  before?: () => void;
}

/**
 * Times whole commands, interleaved, so that a noisy moment of the machine meets all of them.
 * @returns the fastest of each in milliseconds: what else the machine does can only add to it
 * @throws Error when one ends with another code than 0
 */
export function timeCommands<Name extends string>(commands: Record<Name, Timed>, rounds: number): Record<Name, number> {
  const names = Object.keys(commands) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const { command, args, cwd, environment, before } = commands[name];
      before?.();
      const start = performance.now();
      const { status, stderr } = spawnSync(command, args, {
        cwd,
        encoding: 'utf8',
        env: { ...quietEnvironment(), ...environment },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      times[name].push(performance.now() - start);
      if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${String(status)}:\n${stderr}`);
    }
  }
  return Object.fromEntries(names.map((name) => [name, Math.min(...times[name])])) as Record<Name, number>;
}

/** The environment without what costs every start of Node time, or is npm's own. */
export function quietEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([key]) => key !== 'NODE_EXTRA_CA_CERTS' && !key.startsWith('npm_'));
  return Object.fromEntries(kept);
}

/** One figure against its limit. */
export interface Figure {
  what: string;
  value: number;
  unit: string;
  /** The limit; none for a figure that is only reported. */
  limit?: { at: 'most' | 'least'; value: number };
}

/** Prints figures as a table; says how many miss their limit. */
export function report(figures: readonly Figure[]): number {
  const rows = figures.map(({ what, value, unit, limit }) => {
    const met = limit === undefined || (limit.at === 'most' ? value <= limit.value : value >= limit.value);
    const bound = limit === undefined ? '' : `at ${limit.at} ${limit.value} ${unit}`;
    return {
      what,
      value: `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`,
      bound,
      met: limit === undefined ? '' : met ? 'ok' : 'MISSED',
    };
  });
  const width = (key: 'what' | 'value' | 'bound') => Math.max(...rows.map((row) => row[key].length));
  for (const { what, value, bound, met } of rows) {
    process.stdout.write(
      `${what.padEnd(width('what'))}  ${value.padStart(width('value'))}  ${bound.padEnd(width('bound'))}  ${met}\n`,
    );
  }
  return rows.filter(({ met }) => met === 'MISSED').length;
}
