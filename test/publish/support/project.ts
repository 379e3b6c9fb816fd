import * as fs from 'node:fs';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { publish } from '../../../src/commands/publish.ts';
import { ExpectedError } from '../../../src/errors.ts';
import { terminalOf } from '../../../src/terminal/terminal.ts';
import { machine } from '../../support/disks.ts';

export const PASSWORD = 'a-p&ss/wörd "of" the service';

export interface PublishRun {
  code: number;
  /** Of both streams, in their order. */
  output: string;
}

/** The files of a project on which its registration depends, in a directory of its own. */
export interface TestProject {
  directory: string;
  write: (path: string, text: string) => void;
  /** The same in the home directory of the user. */
  writeHome: (path: string, text: string) => void;
  removeFile: (path: string) => void;
  /** Writes manifest.yaml. */
  manifest: (fields?: Record<string, unknown>) => void;
  /** Writes permissions.json. */
  permissions: (operations: readonly string[], switches?: Record<string, boolean>) => void;
  /** Runs `publish` in this process. An expected error becomes its exit code. */
  publish: (environment: Record<string, string>, ...argv: string[]) => Promise<PublishRun>;
  remove: () => void;
}

/** @param endpoint of the service */
export function makeProject(endpoint: string): TestProject {
  const root = mkdtempSync(join(tmpdir(), 'publish-'));
  const [directory, home] = [join(root, 'my-db'), join(root, 'home')];
  const writeIn = (base: string) => (path: string, text: string) => {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), text);
  };
  const write = writeIn(directory);
  const project: TestProject = {
    directory,
    write,
    writeHome: writeIn(home),
    removeFile(path) {
      rmSync(join(directory, path));
    },
    manifest(fields = {}) {
      const all = { id: 'my-db', username: 'my-db', password: PASSWORD, team: 'dbas', endpoint: { production: endpoint }, ...fields };
      write('manifest.yaml', JSON.stringify(all));
    },
    permissions(operations, switches = { enabled: true, strict_actions: false, legacy_compat: true }) {
      const list = operations.map((text) => text.split(' ')).map(([method, path, action]) => ({ method, path, action }));
      write('permissions.json', JSON.stringify({ ...switches, operations: list }, undefined, 2));
    },
    async publish(environment, ...argv) {
      let output = '';
      const stream = { write: (text: string) => (output += text) };
      const { signal } = new AbortController();
      try {
        const terminal = terminalOf(stream, stream, {});
        const rotation = { fs, machine, newPassword: () => Promise.reject(new Error('unused')), pace: { patience: 0, pause: 0 } };
        const code = await publish({ ...rotation, argv, cwd: directory, environment: { HOME: home, ...environment }, terminal, signal });
        return { code, output };
      } catch (error) {
        if (!(error instanceof ExpectedError)) throw error;
        return { code: error.exitCode, output: `${output}${error.message}\n${error.hint}\n` };
      }
    },
    remove() {
      rmSync(root, { recursive: true, force: true });
    },
  };
  mkdirSync(home, { recursive: true });
  write('tsuru-service.yaml', 'version: 1\nname: my-db\n');
  write('docs/service.md', '# my-db\n\nIt holds data.\n');
  project.manifest();
  project.permissions(['GET /usage usage.show', 'POST /backups/{id} backups.create']);
  return project;
}
