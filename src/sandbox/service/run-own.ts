import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Program, RunProgram } from '../../steps/process.ts';
import { lineReader } from './lines.ts';
import type { OwnService } from './project.ts';

/** Milliseconds that the service has to end what it does. */
const GRACE = 30_000;

/** How a project's own service is run. */
export interface OwnRun extends Required<Pick<Program, 'environment' | 'signal' | 'hurry'>> {
  runProgram: RunProgram;
  /** Whether its instances are kept in its own store; otherwise they are gone at the end, as those of the sandbox are. */
  keepsStore: boolean;
  /** Gets each line that it logs. */
  log: (line: string) => void;
}

/** Runs the service of a project until a signal ends it, or it ends by itself. @returns its exit code, or why it ended */
export async function runOwn(own: OwnService, { environment, signal, hurry, runProgram, keepsStore, log }: OwnRun): Promise<string> {
  const { command, args, directory, variables, port, isSqlite } = own;
  const store = isSqlite && !keepsStore ? mkdtempSync(join(tmpdir(), 'sandbox-')) : undefined;
  try {
    const { ending } = await runProgram({
      ...{ command, args, cwd: directory, signal, hurry, grace: GRACE, isLong: true, onOutput: lineReader(log) },
      environment: {
        // The token of a real Tsuru is no business of the service.
        ...{ ...environment, ...variables, TSURU_TOKEN: undefined, PORT: String(port), HOST: '127.0.0.1' },
        ...(store !== undefined && { DATABASE_PATH: join(store, 'service.db') }),
      },
    });
    return ending;
  } finally {
    if (store !== undefined) rmSync(store, { recursive: true, force: true });
  }
}
