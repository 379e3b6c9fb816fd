import { basename, dirname, resolve } from 'node:path';

import { EXIT, ExpectedError } from '../errors.ts';
import type { Context } from '../project/context.ts';
import { projectManifest } from '../project/service-files.ts';
import { readArguments } from '../terminal/arguments.ts';
import { MANIFEST } from '../terminal/commands.ts';
import { usage } from '../terminal/options.ts';
import { withEscapes } from '../terminal/terminal.ts';
import { withoutSecrets } from '../tsuru/access.ts';
import { isLocal, problemLines, withPassword, type Manifest } from '../tsuru/manifest.ts';

/**
 * Checks the manifest of a service, and prints it with its password if that is asked for.
 * @throws ExpectedError for wrong usage, for a file that cannot be read, and with every problem of a manifest that has any
 */
export function manifest({ argv, cwd, environment, terminal }: Pick<Context, 'argv' | 'cwd' | 'environment' | 'terminal'>): void {
  const { values, argument } = readArguments(argv, MANIFEST);
  if (values.check && values.print) throw usage('--check and --print exclude each other.', '--print checks the manifest, too.');
  const directory = argument === undefined ? cwd : dirname(resolve(cwd, argument));
  const { path, text, manifest: read, problems } = projectManifest(directory, environment, argument && basename(argument));
  const name = argument ?? path;
  for (const warning of warningsOf(read)) terminal.writeError(withEscapes(withoutSecrets(`${name}: warning: ${warning}\n`, [read.password ?? ''])));
  if (problems.length > 0) throw new ExpectedError(EXIT.different, problemLines(name, problems));
  terminal.write(values.print ? withPassword(text, read.password ?? '') : `${name} is what Tsuru needs.\n`);
}

/** What is right, and yet may not be what is wanted. */
function warningsOf({ endpoints }: Manifest): string[] {
  const local = Object.entries(endpoints).filter(([, url]) => isLocal(url));
  return [
    ...local.map(([cluster, url]) => `endpoint.${cluster}: A Tsuru on another machine cannot reach ${url}.`),
    ...(Object.keys(endpoints).length > 1 ? ['endpoint: "tsuru service create" sends production only; "create-tsuru-service publish" sends all.'] : []),
  ];
}
