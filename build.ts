import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';

import Handlebars from 'handlebars';
import { rolldown } from 'rolldown';

import { COMPILE_OPTIONS } from './src/render/handlebars.ts';

const NOT_BUNDLED = join(import.meta.dirname, 'src/render/not-bundled.ts');

/** Bundles the command line with everything that it uses into `dist`, and collects the licences of what went in. */
async function build(): Promise<void> {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  rmSync('dist', { recursive: true, force: true });
  const bundle = await rolldown({
    input: { cli: 'src/cli.ts' },
    platform: 'node',
    resolve: {
      alias: {
        ...Object.fromEntries(
          ['inquirer', 'resolve', 'source-map', 'tinyglobby'].map((name) => [name, NOT_BUNDLED] as const),
        ),
        // Templates are compiled below, so that the compiler stays out.
        handlebars: 'handlebars/runtime.js',
        // The same code as modules, of which only what is used goes in.
        yaml: join(import.meta.dirname, 'node_modules/yaml/browser/dist/index.js'),
        // The other half of the package is the same code for Node 6.
        prompts: 'prompts/lib/index.js',
      },
    },
    transform: { define: { PACKAGE_VERSION: JSON.stringify(version) } },
    onLog(level, { message }) {
      if (level === 'warn') throw new Error(message);
    },
  });
  const { output } = await bundle.write({
    dir: 'dist',
    format: 'esm',
    minify: true,
    banner: (chunk) => (chunk.isEntry ? '#!/usr/bin/env node' : ''),
    chunkFileNames: '[name]-[hash].js',
  });
  await bundle.close();
  chmodSync('dist/cli.js', 0o755);
  await writeTemplates();
  const modules = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
  writeFileSync('THIRD-PARTY-LICENSES.md', licences(modules));
}

/** Writes the templates as a module of its own, as small as the rest of the package. */
async function writeTemplates(): Promise<void> {
  const input = 'templates';
  const bundle = await rolldown({
    input,
    plugins: [
      {
        name: 'templates',
        resolveId: (id) => (id === input ? id : null),
        load: (id) => (id === input ? precompiled() : null),
      },
    ],
  });
  await bundle.write({ file: 'dist/templates.js', format: 'esm', minify: true });
  await bundle.close();
}

/** A module with every template, compiled as the engine would compile it. */
function precompiled(): string {
  const paths = readdirSync('templates', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.hbs'));
  const specifications = paths.map((path) => {
    const specification = Handlebars.precompile(readFileSync(join('templates', path), 'utf8'), COMPILE_OPTIONS);
    return `${JSON.stringify(path.replaceAll(sep, '/'))}: ${specification as unknown as string}`;
  });
  return `export default {\n${specifications.join(',\n')}\n};\n`;
}

/** The licence texts of the packages whose modules were bundled. @throws Error when one has none */
function licences(modules: readonly string[]): string {
  const roots = new Set(
    modules.flatMap((id) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replace(/^\0/, ''))?.[1] ?? []),
  );
  const packages = [...roots].map((root) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
      string,
      string
    >;
    const file = readdirSync(root).find((entry) => /^licen[cs]e/i.test(entry));
    if (license === undefined) throw new Error(`${root} has no licence`);
    const text =
      file === undefined ? `${license}, by its package.json.` : readFileSync(join(root, file), 'utf8').trim();
    return { title: `${String(name)} ${String(version)} (${license})`, text };
  });
  const sections = packages
    .toSorted((a, b) => (a.title < b.title ? -1 : 1))
    .map(({ title, text }) => `## ${title}\n\n${text.replace(/^/gm, '    ').replace(/[ \t]+$/gm, '')}\n`);
  return `# Licences of what is bundled\n\n${sections.join('\n')}`;
}

await build();
