import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

import Handlebars from 'handlebars';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

import { openBeginning } from './src/archive/archive.ts';
import { abbreviate, withoutReserved } from './src/archive/words.ts';
import { COMPILE_OPTIONS } from './src/render/handlebars.ts';
import { BETWEEN_TEXTS } from './src/render/packed.ts';

/** Code that dependencies bring along and that is never called here: {@link stub} stands for it. */
const NOT_BUNDLED = {
  stub: join(import.meta.dirname, 'not-bundled.ts'),
  packages: [
    // Of plop: its own questions, its helpers, and the plop files of others; of Handlebars: source maps.
    ...['inquirer', 'change-case', 'title-case', 'resolve', 'source-map'],
    // Of execa: its own collection of output, verbose output, local programs, words for signals, and the clean-up that a process group does not need.
    ...['@sec-ant/readable-stream/ponyfill', '@sindresorhus/merge-streams', 'figures', 'get-stream', 'human-signals', 'npm-run-path', 'pretty-ms', 'signal-exit', 'strip-final-newline', 'yoctocolors'],
  ],
  /** Plop's own actions, and kinds of prompts: nothing of them is named. */
  empty: [/node-plop\/src\/actions\/index\.js$/, /prompts\/lib\/(dateparts\/index|elements\/(autocomplete|autocompleteMultiselect|date|multiselect|number))\.js$/],
  /** Plop's arguments for prompts; helpers that no template uses, and the name in browsers; YAML's second tree, its JSON, its revivers, all that writes YAML, and the types that neither a record nor a manifest has; and of execa what is synchronous, messages between processes, pipes, streams, transforms, and its own time limit. */
  modules: [
    /node-plop\/src\/prompt-bypass\.js$/,
    /handlebars\/lib\/handlebars\/(decorators|no-conflict|helpers\/(block-helper-missing|helper-missing|log|lookup|with))\.js$/,
    /yaml\/browser\/dist\/(doc\/(applyReviver|createNode)|parse\/cst-visit|schema\/(json\/schema|yaml-1\.1\/(binary|omap|pairs|set|timestamp))|stringify\/\w+)\.js$/,
    /execa\/lib\/(arguments\/escape|convert\/add|ipc\/(buffer-messages|ipc-input|methods)|io\/(iterate|output-async))\.js$/,
    /execa\/lib\/(methods\/(command|main-sync|node|script|template)|pipe\/setup|return\/message|stdio\/(duplicate|input-option))\.js$/,
    /execa\/lib\/(terminate\/(cancel|graceful|timeout)|transform\/(generator|normalize|object-mode)|verbose\/(complete|info|output|start|values))\.js$/,
  ],
};

/**
 * What is loaded together, the first that fits: `--help` takes the first chunk, and no command takes much that it does not run.
 * Small chunks pack badly.
 */
const CHUNKS = [
  { name: 'archive', test: /src\/archive\// },
  { name: 'options', test: /not-bundled|src\/(errors|text|project\/machine|terminal\/(?!completion|keys|prompts|regular-file|service-access)\w+|answers\/(answers|questions))[\w-]*\.ts$/ },
  { name: 'completion', test: /src\/(commands|terminal)\/completion/ },
  { name: 'yaml', test: /node_modules\/yaml\/|src\/answers\/(endpoints|record)/ },
  { name: 'tsuru', test: /src\/(tsuru\/|terminal\/(regular-file|service-access))/ },
  { name: 'publish', test: /src\/(publish|commands\/publish)/ },
  { name: 'check', test: /src\/(check|commands\/check)/ },
  { name: 'sandbox', test: /src\/(sandbox|commands\/sandbox)/ },
  { name: 'prompts', test: /src\/(terminal\/|project\/conflicts)|node_modules\/(prompts|kleur|sisteransi)\// },
  { name: 'regenerate', test: /src\/(commands\/(regenerate|endpoint)|project\/(change|disagreements|proposal|report|show))|node_modules\/js-tokens\// },
  { name: 'create', test: /generators\/|src\/(?!steps|(cli|index)\.ts)|node_modules\/(diff|dlv|handlebars|node-plop)\// },
  { name: 'steps', test: /src\/steps\/|node_modules\// },
];

/** The modules that the help needs: they are at the beginning of the archive. */
const HELPING = ['cli', 'options', 'rolldown-runtime'].map((name) => `./${name}.cjs`);

/** Bundles the command line with everything that it uses into `dist`, and collects the licences of what went in. */
async function build(): Promise<void> {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  rmSync('dist', { recursive: true, force: true });
  const bundle = await rolldown({
    input: { archive: 'src/archive/archive.ts', cli: 'src/cli.ts', index: 'src/index.ts' },
    platform: 'node',
    preserveEntrySignatures: 'allow-extension',
    resolve: {
      alias: {
        ...Object.fromEntries(NOT_BUNDLED.packages.map((name) => [name, NOT_BUNDLED.stub])),
        // Templates are compiled below, so that the compiler stays out. The source is the same code as modules.
        handlebars: join(import.meta.dirname, 'node_modules/handlebars/lib/handlebars.runtime.js'),
        // The same code as modules, of which only what is used goes in.
        yaml: join(import.meta.dirname, 'node_modules/yaml/browser/dist/index.js'),
        dlv: 'dlv/dist/dlv.es.js',
        // The other half of the package is the same code for Node 6.
        prompts: 'prompts/lib/index.js',
      },
    },
    plugins: [
      // A document that says it is in YAML 1.1 is read as one in YAML 1.2.
      { name: 'yaml-1.1', load: { filter: { id: /schema\/yaml-1\.1\/schema\.js$/ }, handler: () => "export { schema } from '../core/schema.js';" } },
      { name: 'empty', load: { filter: { id: NOT_BUNDLED.empty }, handler: () => 'module.exports = {};' } },
      {
        name: 'not-bundled',
        load: { filter: { id: NOT_BUNDLED.modules }, handler: () => `export * from ${JSON.stringify(NOT_BUNDLED.stub)};\nexport { nothing as default } from ${JSON.stringify(NOT_BUNDLED.stub)};` },
      },
    ],
    // No module of ours does anything when it is imported, and of the others only what is named is used.
    treeshake: { moduleSideEffects: false },
    transform: { define: { PACKAGE_VERSION: JSON.stringify(version) } },
    onLog(level, { code, message }) {
      // A module that one command loads later can be a part of another one.
      if (level === 'warn' && code !== 'INEFFECTIVE_DYNAMIC_IMPORT') throw new Error(message);
    },
  });
  const { output } = await bundle.generate({
    format: 'cjs',
    minify: true,
    comments: false,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    codeSplitting: { groups: CHUNKS, includeDependenciesRecursively: false },
  });
  await bundle.close();
  const page = await pageOf();
  const chunks = output.flatMap((chunk) => (chunk.type === 'chunk' ? [[`./${chunk.fileName}`, withoutReserved(withShortExports(chunk.code))] as const] : []));
  // What opens the archive is in the files that users load.
  const others = chunks.filter(([name]) => !HELPING.includes(name) && name !== './archive.cjs');
  mkdirSync('dist');
  writeArchive([...chunks.filter(([name]) => HELPING.includes(name)), ['page', page.html], ...others].flat(), await packedTemplates());
  await writeEntries();
  await writeTypes();
  const modules = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : [])).concat(page.modules);
  writeFileSync('THIRD-PARTY-LICENSES.md', licences(modules));
}

/** Gives the getters of a module's exports one function that defines them: there are hundreds. */
function withShortExports(code: string): string {
  const short = code.replace(/Object\.defineProperty\(exports,("\w+"),\{enumerable:!0,get:function\(\)\{return ([\w$.]+)\}\}\)/g, '__export($1,()=>$2)');
  return short === code ? code : `const __export=(name,get)=>Object.defineProperty(exports,name,{enumerable:!0,get});${short}`;
}

/** Writes the two files that users load: the command, and the programmatic API. */
async function writeEntries(): Promise<void> {
  const bundle = await rolldown({
    input: { cli: 'src/entry/cli.ts', index: 'src/entry/index.ts' },
    platform: 'node',
  });
  await bundle.write({
    dir: 'dist',
    format: 'esm',
    minify: true,
    comments: false,
    banner: (chunk) => (chunk.name === 'cli' ? '#!/usr/bin/env node' : ''),
    chunkFileNames: '[name].js',
  });
  await bundle.close();
  chmodSync('dist/cli.js', 0o755);
}

/**
 * Packs all texts in one file, with NUL between them: they pack better together than apart, and better yet with frequent words abbreviated.
 * @throws Error if the beginning of the file lacks a module that the help needs
 */
function writeArchive(code: readonly string[], templates: readonly string[]): void {
  const { list, texts } = abbreviate([...code, '', ...templates]);
  const text = Buffer.concat([list, ...texts].flatMap((one) => [Buffer.of(0), Buffer.from(one)]).slice(1));
  const params = {
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_LGBLOCK]: 17,
    [constants.BROTLI_PARAM_NPOSTFIX]: 1,
    [constants.BROTLI_PARAM_NDIRECT]: 30,
    [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
  };
  const file = join('dist', 'package.br');
  writeFileSync(file, brotliCompressSync(text, { params }));
  if (openBeginning(pathToFileURL(file)).code.length < 2 * HELPING.length) throw new Error('BEGINNING in src/archive/archive.ts is too small');
}

/** The texts of the templates: an expression with the compiled ones, their own texts, and then path and text of each plain file. */
async function packedTemplates(): Promise<string[]> {
  const paths = readdirSync('templates', { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join('templates', path)).isFile())
    .map((path) => path.replaceAll(sep, '/'))
    .sort();
  // Texts of one kind pack better side by side.
  const [templates, plain] = [paths.filter(isTemplate), paths.filter((path) => !isTemplate(path)).sort((a, b) => kindOf(a) - kindOf(b))];
  const input = 'templates';
  const { module, own } = precompiled(templates);
  const bundle = await rolldown({
    input,
    plugins: [
      {
        name: 'templates',
        resolveId: (id) => (id === input ? id : null),
        load: (id) => (id === input ? module : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'iife', name: 'templates', exports: 'default', minify: true });
  await bundle.close();
  let count = 0;
  const expression = output[0].code.replace(/^var templates=/, '').replace(/\$\[(\d+)\]/g, (_, index) => {
    if (Number(index) !== count++) throw new Error('the texts of the compiled templates are in another order');
    return '$[]';
  });
  if (own.join('').includes(BETWEEN_TEXTS) || count !== own.length) throw new Error('the compiled templates have other texts');
  return [expression, own.join(BETWEEN_TEXTS), ...plain.flatMap((path) => [path, textOf(path)])];
}

/** The page of the sandbox, one document with its script and its style inside, and the modules that went in. */
async function pageOf(): Promise<{ html: string; modules: string[] }> {
  const directory = 'src/sandbox/page';
  const bundle = await rolldown({ input: join(directory, 'main.tsx') });
  const { output } = await bundle.generate({ format: 'iife', minify: true, comments: false });
  await bundle.close();
  const style = readFileSync(join(directory, 'page.css'), 'utf8')
    .replace(/\/\*.*?\*\/|\n/gs, '')
    .replace(/\s*([{};,>])\s*|(:) /g, '$1$2')
    .replace(/;\}/g, '}');
  const parts: Record<string, string> = { STYLE: style, SCRIPT: withoutReserved(output[0].code.trim()) };
  if (/<\/(script|style)/.test(Object.values(parts).join(''))) throw new Error('The page would end its script or its style early.');
  const html = readFileSync(join(directory, 'page.html'), 'utf8').replace(/STYLE|SCRIPT/g, (name) => parts[name] ?? name);
  return { html, modules: output[0].moduleIds };
}

/** Writes the types of the programmatic use, in one file without comments: they are in `src/index.ts`, and would take a hundredth of the package. */
async function writeTypes(): Promise<void> {
  const bundle = await rolldown({ input: 'src/index.ts', plugins: [dts({ emitDtsOnly: true })], external: /^node:/, checks: { bundlerTimings: false } });
  await bundle.write({ dir: 'dist', format: 'esm' });
  writeFileSync('dist/index.d.ts', readFileSync('dist/index.d.ts', 'utf8').replace(/\s*\/\*\*.*?\*\//gs, ''));
  await bundle.close();
}

function isTemplate(path: string): boolean {
  return path.endsWith('.hbs');
}

/** 2 for what the tests need, 1 for other code, 0 for the rest. */
function kindOf(path: string): number {
  if (path.includes('/test/')) return 2;
  return path.endsWith('.ts') ? 1 : 0;
}

/**
 * A module with every template, compiled as the engine would compile it, and the texts in them, which it has as `$[index]`: they
 * pack better beside other texts.
 */
function precompiled(paths: readonly string[]): { module: string; own: string[] } {
  const own: string[] = [];
  const specifications = paths.map((path) => {
    const specification = Handlebars.precompile(textOf(path), COMPILE_OPTIONS) as unknown as string;
    // A quote or a line's end inside of a text is escaped, so that none of these is in one.
    const small = specification
      // The place of each call and name in its template: no helper looks at the one, and an error names template and name without the other.
      .replace(/(?:,"loc":|, ?)\{"start":\{[^}]*\},"end":\{[^}]*\}\} ?(?=[})])/g, '')
      // For runtimes that are older than the one in the bundle.
      .replace(/ \|\| function\(parent, propertyName\) \{\s+if [^}]*\}\s+return undefined\s+\}/g, '')
      // A name stays, as the key of a mapping or the name of a value.
      .replace(/"(?:[^"\\]|\\.)*"(:?)/g, (literal, colon) => (colon || /^"\w*"$/.test(literal) ? literal : `$[${own.push(JSON.parse(literal) as string) - 1}]`));
    return `${JSON.stringify(path)}: ${small}`;
  });
  return { module: `export default {\n${specifications.join(',\n')}\n};\n`, own };
}

/** @throws TypeError when a file is not in UTF-8, which this could not pack */
function textOf(path: string): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(join('templates', path)));
}

/** A text with each paragraph in one line: licences differ in where their lines end, and pack worse for it. */
function withoutWraps(text: string): string {
  return text.replace(/(\S)[ \t]*\r?\n[ \t]*(?=\S)/g, '$1 ');
}

/** The licence texts of the packages whose modules were bundled. @throws Error when one has none */
function licences(modules: readonly string[]): string {
  const roots = new Set(
    modules.flatMap((id) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replace(/^\0/, ''))?.[1] ?? []),
  );
  const titles = new Map<string, string[]>();
  for (const root of roots) {
    const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
      string,
      string
    >;
    const file = readdirSync(root).find((entry) => /^licen[cs]e/i.test(entry));
    if (license === undefined) throw new Error(`${root} has no licence`);
    const text =
      file === undefined ? `${license}, by its package.json.` : withoutWraps(readFileSync(join(root, file), 'utf8').trim());
    titles.set(text, [...(titles.get(text) ?? []), `## ${String(name)} ${String(version)} (${license})\n`].sort());
  }
  // Packages of one author often have the same text, which then follows all of their titles.
  const sections = [...titles]
    .map(([text, own]) => `${own.join('')}\n${text.replace(/^/gm, '    ').replace(/[ \t]+$/gm, '')}\n`)
    .sort();
  return `# Licences of what is bundled\n\n${sections.join('\n')}`;
}

await build();
