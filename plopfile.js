import 'ts-blank-space/register';

/**
 * `npx plop service` leaves the project that `npm start` leaves, and `npx plop endpoint` adds an endpoint to one. The
 * directory that is asked for is relative to the one that plop was started in, or to `--dest`.
 * @param {import('plop').NodePlopAPI} plop
 */
export default async function plopfile(plop) {
  const { readFileSync } = await import('node:fs');
  const { join, resolve } = await import('node:path');
  const { machineOf } = await import('./src/project/machine.ts');
  const { newPassword } = await import('./src/project/new.ts');
  const { setUpPlop } = await import('./src/render/plop.ts');
  const { run } = await import('./src/steps/process.ts');
  const { terminalOf } = await import('./src/terminal/terminal.ts');

  const root = plop.getPlopfilePath();
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const templates = { directory: join(root, 'templates'), version };
  const context = {
    cwd: plop.getDestBasePath(),
    environment: process.env,
    machine: machineOf(process),
    runProgram: (command) => run(command, process),
    terminal: terminalOf(process.stdout, process.stderr, process.env),
    prompts: undefined,
    templates,
    signal: new AbortController().signal,
  };
  const write = async (project, { answers, directory }) => {
    const { wholeProject, writeNew } = await import('./src/project/new.ts');
    const { refuseSite, siteOf } = await import('./src/project/site.ts');
    const place = resolve(context.cwd, directory);
    const tree = wholeProject(project, answers, version);
    const site = siteOf(place, tree);
    if (site.kind !== 'free') refuseSite(directory, site);
    await writeNew(context, place, tree);
    return `${tree.size} files in ${directory}`;
  };
  setUpPlop(plop, templates, write, newPassword());
  plop.setActionType('add-endpoint', async (_answers, { directory, endpoint: { name, ...rest } }) => {
    const { endpoint } = await import('./src/commands/endpoint.ts');
    const flags = Object.entries(rest).flatMap(([flag, value]) => [`--${flag}`, value]);
    const code = await endpoint({ ...context, cwd: resolve(context.cwd, directory), argv: ['add', name, ...flags] });
    if (code !== 0) throw new Error(`the endpoint was not added: ${code}`);
    return `${name} in ${directory}`;
  });
}
