import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { quietEnvironment, timeCommands, type Figure } from './measure.ts';

/** Packs, installs and measures the package. `bin` is the path of the installed command. */
export function packageFigures(scratch: string): { bin: string; figures: Figure[] } {
  const npm = (cwd: string, ...args: string[]) => {
    mkdirSync(cwd, { recursive: true });
    return execFileSync('npm', args, {
      cwd,
      encoding: 'utf8',
      env: quietEnvironment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  };
  const packed = JSON.parse(
    npm(process.cwd(), 'pack', '--json', '--ignore-scripts', '--pack-destination', scratch),
  ) as object;
  const [{ filename }] = Object.values(packed) as [{ filename: string }];
  const tarball = join(scratch, filename);
  const prefix = join(scratch, 'installed');
  npm(prefix, 'install', '--no-save', '--prefix', '.', tarball);
  const modules = readdirSync(join(prefix, 'node_modules')).filter((name) => !name.startsWith('.'));
  const bin = join(prefix, 'node_modules/create-tsuru-service/dist/cli.js');

  const target = join(scratch, 'generated');
  const cache = join(scratch, 'cache');
  const remove = (path: string) => () => {
    rmSync(path, { recursive: true, force: true });
  };
  const started = timeCommands(
    {
      node: { command: 'node', args: ['-e', '0'] },
      help: { command: 'node', args: [bin, '--help'] },
      generate: {
        command: 'node',
        args: [bin, target, '--yes', '--no-install', '--no-git'],
        cwd: scratch,
        before: remove(target),
      },
    },
    25,
  );
  const made = join(scratch, 'made');
  const changed = join(scratch, 'changed');
  execFileSync('node', [bin, made, '--yes', '--no-install', '--no-git'], { env: quietEnvironment(), stdio: 'ignore' });
  const changes = timeCommands(
    {
      nothing: { command: 'node', args: [bin, 'regenerate'], cwd: made },
      endpoint: {
        command: 'node',
        args: [bin, 'endpoint', 'add', 'backups', '--method', 'POST', '--no-install'],
        cwd: changed,
        before: () => {
          rmSync(changed, { recursive: true, force: true });
          cpSync(made, changed, { recursive: true });
        },
      },
    },
    25,
  );
  const { exec } = timeCommands(
    {
      exec: {
        command: 'npm',
        args: ['exec', '--yes', '--cache', cache, '--package', tarball, '--', 'create-tsuru-service', '--version'],
        cwd: scratch,
        before: remove(cache),
      },
    },
    7,
  );
  return {
    bin,
    figures: [
      { what: 'node -e 0', value: started.node, unit: 'ms' },
      {
        what: '--help, over node -e 0',
        value: started.help - started.node,
        unit: 'ms',
        limit: { at: 'most', value: 20 },
      },
      { what: 'generation without install', value: started.generate, unit: 'ms', limit: { at: 'most', value: 100 } },
      { what: 'regenerate, nothing to do', value: changes.nothing, unit: 'ms', limit: { at: 'most', value: 200 } },
      { what: 'endpoint add without install', value: changes.endpoint, unit: 'ms', limit: { at: 'most', value: 310 } },
      { what: 'packed size', value: statSync(tarball).size / 1000, unit: 'KB', limit: { at: 'most', value: 333 } },
      { what: 'packages installed', value: modules.length, unit: '', limit: { at: 'most', value: 1 } },
      { what: 'npm exec with an empty cache', value: exec, unit: 'ms', limit: { at: 'most', value: 1000 } },
    ],
  };
}
