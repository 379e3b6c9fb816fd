import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { readConversations } from '../sandbox/support/recording.ts';
import { needs } from '../support/needs.ts';
import { commandsNamed, readDocument, type Commands } from './support/document.ts';
import { readersEnvironment } from './support/environment.ts';
import { freePorts } from './support/ports.ts';
import { Reader } from './support/reader.ts';
import { startRegistry } from './support/registry.ts';

const DOCUMENT = 'docs/build-your-service.md';

/** Commands that the text names without having the reader run them, and why. */
const NAMED: Readonly<Record<string, string>> = {
  'npm test': 'takes minutes; every generated project is tested so elsewhere',
  'tsuru login': 'needs an account on a real Tsuru',
  'tsuru target add': 'needs the address of a real Tsuru',
  'tsuru service list': 'takes the place of a command of crane',
  'tsuru service info': 'takes the place of a command of crane',
  'tsuru service destroy': 'takes the place of a command of crane',
};

const sections = readDocument(readFileSync(DOCUMENT, 'utf8'));
const commands = sections.flatMap(({ steps }) => steps).filter((step): step is Commands => step.kind === 'commands');
const lines = commands.flatMap(({ text }) => text.trim().split('\n'));

describe(`what ${DOCUMENT} says`, () => {
  const prose = sections.map((section) => section.prose).join('\n');

  it('has no command that this test does not run', () => {
    const named = commandsNamed(sections);
    expect(named).not.toEqual([]);
    expect(named.filter((command) => !lines.some((line) => line.startsWith(command)) && !Object.hasOwn(NAMED, command))).toEqual([]);
  });

  it('names commands of the tsuru client that exist', () => {
    const recorded = readConversations(new URL('../sandbox/fixtures/conversations.json', import.meta.url)).map(({ command }) => command.join(' '));
    const used = lines.filter((line) => line.startsWith('tsuru '));
    // The words before the first name of a service, an instance or an app.
    const verbs = (command: string) => /^tsuru (service instance|service|env|target|role permission)? ?\w+/.exec(command)?.[0] ?? '';
    const unknown = [...used, ...Object.keys(NAMED).filter((command) => command.startsWith('tsuru '))].map(verbs).filter((verb) => !recorded.some((one) => `${one} `.startsWith(`${verb} `)));
    expect(unknown).toEqual([]);
  });

  it('names buttons and tabs that the page of the sandbox has', () => {
    const directory = 'src/sandbox/page';
    const page = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8')).join('\n');
    const labels = [...prose.matchAll(/\*\*([^*]+)\*\*/g)].map(([, label = '']) => label);
    expect(labels).not.toEqual([]);
    expect(labels.filter((label) => !new RegExp(`['">]\\s*${label}\\s*['"<]`).test(page))).toEqual([]);
  });
});

describe(`${DOCUMENT}, followed by a reader in an empty directory`, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'tutorial-'));
  const directory = join(scratch, 'empty');
  const client = process.env['TSURU_CLIENT'];
  const toEnd: (() => Promise<unknown>)[] = [];
  let reader: Reader;
  let isWell = true;

  beforeAll(async () => {
    const registry = await startRegistry(inject('tarball'));
    toEnd.push(() => registry.close());
    mkdirSync(directory);
    const env = { ...readersEnvironment(join(scratch, 'home'), client === undefined ? {} : { tsuru: client }), npm_config_registry: registry.url };
    reader = new Reader({ directory, env, ports: await freePorts([8888, 8890]) });
    toEnd.push(() => reader.close());
  });
  afterAll(async () => {
    for (const end of toEnd.reverse()) await end();
    // Not at once: a worker that does not answer for long is given up.
    await rm(scratch, { recursive: true, force: true });
  });

  it.for(sections.filter(({ steps }) => steps.length > 0))('$title', async ({ steps, needs: program }, context) => {
    if (program === 'tsuru') needs(context, 'the tsuru client (its path in TSURU_CLIENT)', client !== undefined);
    if (!isWell) context.skip('an earlier section failed');
    isWell = false;
    for (const step of steps) await reader.follow(step);
    isWell = true;
  });
});
