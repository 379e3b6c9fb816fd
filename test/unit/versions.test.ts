import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import semver from 'semver';
import { describe, expect, it } from 'vitest';

import { PACKAGE_MANAGER_VERSIONS, VERSIONS } from '../../src/render/versions.ts';

const run = promisify(execFile);

/** The versions of Node that a generated project promises to run on: the oldest of each line. */
const NODES = ['20.19.0', '22.13.0', '24.0.0'];

describe('the packages of a generated project, by the registry', () => {
  it.each(Object.entries(VERSIONS))(
    '%s %s runs on Node 20.19, 22 and 24 and needs no install script',
    async (name, version) => {
      const { stdout } = await run('npm', ['view', `${name}@${version}`, '--json', 'version', 'engines', 'scripts']);
      const found = JSON.parse(stdout) as {
        version: string;
        engines?: { node?: string };
        scripts?: Record<string, string>;
      };
      expect(found.version).toBe(version);
      for (const node of NODES) expect(semver.satisfies(node, found.engines?.node ?? '*')).toBe(true);
      expect(Object.keys(found.scripts ?? {}).filter((script) => /^(pre|post)?install$/.test(script))).toEqual([]);
    },
    30_000,
  );

  it.each(Object.entries(PACKAGE_MANAGER_VERSIONS))(
    '%s %s runs on Node 20.19, 22 and 24',
    async (name, version) => {
      const { stdout } = await run('npm', ['view', `${name}@${version}`, '--json', 'version', 'engines']);
      // With one field only, npm prints its bare value.
      const found = JSON.parse(stdout) as string | { version: string; engines?: { node?: string } };
      const known = typeof found === 'string' ? { version: found } : found;
      expect(known.version).toBe(version);
      for (const node of NODES) expect(semver.satisfies(node, known.engines?.node ?? '*')).toBe(true);
    },
    30_000,
  );
});
