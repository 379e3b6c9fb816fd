import { basename } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { LEFT_OUT } from './support/left-out.ts';
import { createNames } from './support/names.ts';
import { readConversations } from './support/recording.ts';
import { replay, type Stage } from './support/replay.ts';
import { startServices } from './support/scripted.ts';

/** Another file of recordings may be replayed, and only up to one of them: the state builds up from the first. */
const { CONVERSATIONS: otherFile, UNTIL: until } = process.env;

/** Lines shown of what differs. */
const SHOWN = 12;

/** The first shows what Tsuru does, the second, made by requests without its client, more of what it makes of unusual requests and replies. */
const FILES = otherFile === undefined ? ['conversations', 'unusual'].map((name) => new URL(`fixtures/${name}.json`, import.meta.url)) : [otherFile];

const files = FILES.map((file) => {
  const all = readConversations(file);
  const last = all.findIndex(({ id }) => id === until);
  // Names of the servers behind Tsuru, that of `<service>` first.
  const others = new Set([...JSON.stringify(all).matchAll(/<service:([\w-]+)>/g)].map(([, name]) => name ?? ''));
  const main = all.flatMap(({ service }) => service).find(({ service }) => !others.has(service))?.service ?? 'service';
  const replayed = (last === -1 ? all : all.slice(0, last + 1)).filter(({ api }) => api.length > 0);
  return { name: basename(String(file)), all, services: [main, ...others] as [string, ...string[]], replayed };
});

describe.each(files)('the answers, and the calls of services, are the recorded ones of $name in', ({ services, replayed }) => {
  let sandbox: Sandbox;
  let stage: Stage;

  beforeAll(async () => {
    // Calls take far less than the five seconds after which a blank line is sent; where one was recorded, the service waits for it.
    sandbox = await startSandbox({ keepAlive: 5000 });
    const names = createNames();
    const address = new URL(sandbox.address);
    names.learn('<tsuru>', address.host);
    names.learn('<token-of:root>', sandbox.token);
    names.learn('<password-of:root>', sandbox.token);
    stage = { address, token: sandbox.token, names, services: await startServices(services, names) };
  });

  afterAll(async () => {
    await sandbox.close();
    await stage.services.close();
  });

  it.each(replayed.map((conversation) => [conversation.id, conversation] as const))('%s', async (id, conversation) => {
    const differences = await replay(stage, conversation);
    if (id in LEFT_OUT || differences.length === 0) return;
    // A stack would only lead here.
    throw Object.assign(new Error(differences.slice(0, SHOWN).join('\n')), { stack: '' });
  });
});

describe('the recorded conversations', () => {
  it('show nothing, as they are left out or ask Tsuru nothing, in one of ten cases at most', () => {
    const all = files.flatMap((file) => file.all);
    const ids = new Set(all.map(({ id }) => id));
    const leftOut = Object.keys(LEFT_OUT).filter((id) => ids.has(id));
    const silent = all.filter(({ api }) => api.length === 0);
    expect(leftOut.length + silent.length).toBeLessThanOrEqual(all.length / 10);
    if (otherFile === undefined) expect(leftOut).toEqual(Object.keys(LEFT_OUT));
  });
});
