import { spawnSync } from 'node:child_process';

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** A command to time; `before` runs before each round, untimed. */
export interface Timed {
  command: string;
  args: readonly string[];
  cwd?: string;
  environment?: Record<string, string>;
  before?: () => void;
}

/**
 * Times whole commands, interleaved, so that a busy moment of the machine affects all of them.
 * @returns the fastest time of each in milliseconds: other load can only add to it
 * @throws Error if a command ends with a code other than 0
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

/** The environment without npm's variables, and without a variable that slows every start of Node. */
export function quietEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([key]) => key !== 'NODE_EXTRA_CA_CERTS' && !key.startsWith('npm_'));
  return Object.fromEntries(kept);
}

/** One figure and its limit. */
export interface Figure {
  what: string;
  value: number;
  unit: string;
  /** None for a figure that is only reported. */
  limit?: { at: 'most' | 'least'; value: number };
}

/** Prints figures as a table. @returns the number that miss their limit */
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
