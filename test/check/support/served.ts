import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';

import { Reference, serve } from '../broken/reference.ts';

/** A correct service for each test of a file, and a directory for all of them. */
export interface Served {
  readonly cwd: string;
  readonly service: Reference;
  readonly running: Awaited<ReturnType<typeof serve>>;
}

/** Starts and ends the service of each test. */
export function serveEachTest(): Served {
  const served = {} as { -readonly [Key in keyof Served]: Served[Key] };
  beforeAll(() => {
    served.cwd = mkdtempSync(join(tmpdir(), 'check-'));
  });
  afterAll(() => {
    rmSync(served.cwd, { recursive: true, force: true });
  });
  beforeEach(async () => {
    served.service = new Reference();
    served.running = await serve(served.service);
  });
  afterEach(async () => {
    await served.running.close();
  });
  return served;
}
