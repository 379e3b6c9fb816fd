import type { TestContext } from 'vitest';

/** Skips a test on a machine that lacks what the test needs, and prints the reason. */
export function needs({ task, skip }: TestContext, what: string, isThere: boolean): void {
  if (isThere) return;
  console.warn(`Skipped, as it needs ${what}: ${task.name}`);
  skip(`needs ${what}`);
}

/**
 * The same for a program that .ci/run installs.
 * @throws Error instead, where EVERY_TOOL is set, as .ci/run does
 */
export function needsTool(context: TestContext, tool: string, isThere: boolean): void {
  if (!isThere && process.env['EVERY_TOOL'] !== undefined) throw new Error(`EVERY_TOOL is set, and ${tool} is not found on PATH`);
  needs(context, tool, isThere);
}
