import { spawnSync } from 'node:child_process';

import { chromium, type Browser, type Page } from 'playwright-core';

import { startSandbox, type Sandbox } from '../../../src/sandbox/sandbox.ts';
import { startSmallService, type SmallService } from './service.ts';

const PROGRAM = 'chromium';

/** The value of a variable that each bind brings. */
export const SECRET = 'a-value-that-only-apps-have';
/** Of the service. */
export const PASSWORD = 'a-password-of-the-service';

export function hasBrowser(): boolean {
  return spawnSync(PROGRAM, ['--version']).status === 0;
}

/** Starts Debian's Chromium without a window. */
export function startBrowser(): Promise<Browser> {
  const path = spawnSync('which', [PROGRAM], { encoding: 'utf8' }).stdout.trim();
  // Its own sandbox needs a user that is not root.
  return chromium.launch({ executablePath: path, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

/** A page in a tab of its own. */
export interface OpenPage {
  page: Page;
  /** What must not be: messages of the console, errors of scripts, requests to elsewhere. */
  complaints: string[];
  close: () => Promise<void>;
}

/** A sandbox, a small service, and the page. */
export interface Desk extends OpenPage {
  sandbox: Sandbox;
  service: SmallService;
  /** A request to Tsuru's API, with a form or with an object as JSON. */
  tsuru: (method: string, path: string, body?: Record<string, string> | object) => Promise<string>;
}

export interface PageOptions {
  width?: number;
  height?: number;
  isDark?: boolean;
}

export interface DeskOptions extends PageOptions {
  /** Whether the service is registered already. */
  isRegistered?: boolean;
}

/** Starts a sandbox and a service, and opens the page. */
export async function openDesk(browser: Browser, options: DeskOptions = {}): Promise<Desk> {
  const service = await startSmallService({ secret: SECRET });
  const sandbox = await startSandbox({ team: 'team-a' });
  const tsuru = tsuruOf(sandbox);
  if (options.isRegistered !== false) await register(tsuru, service);
  const opened = await openPage(browser, sandbox.page, options);
  return {
    ...{ ...opened, sandbox, service, tsuru },
    async close() {
      await opened.close();
      await sandbox.close();
      await service.close();
    },
  };
}

/** Opens the page at the address that a sandbox printed. */
export async function openPage(browser: Browser, address: string, { width = 1280, height = 800, isDark = false }: PageOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: isDark ? 'dark' : 'light', permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  await context.route(
    (url) => url.origin !== new URL(address).origin,
    (route) => {
      complaints.push(`a request to ${route.request().url()}`);
      return route.abort();
    },
  );
  await page.goto(address);
  return { page, complaints, close: () => context.close() };
}

export function tsuruOf(sandbox: Sandbox): Desk['tsuru'] {
  return async (method, path, body) => {
    const isForm = body !== undefined && Object.values(body as object).every((value) => typeof value === 'string');
    const type = { 'Content-Type': isForm ? 'application/x-www-form-urlencoded' : 'application/json' };
    const response = await fetch(sandbox.address + path, {
      method,
      headers: { Authorization: `bearer ${sandbox.token}`, ...(body !== undefined && type) },
      ...(body !== undefined && { body: isForm ? String(new URLSearchParams(body as Record<string, string>)) : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text;
  };
}

/** Registers the service with two endpoints of its own. */
export async function register(tsuru: Desk['tsuru'], { port }: SmallService): Promise<void> {
  await tsuru('POST', '/1.0/services', { id: 'mydb', username: 'mydb', password: PASSWORD, endpoint: `http://127.0.0.1:${port}`, team: 'team-a' });
  await tsuru('PUT', '/1.31/services/mydb/manifest', {
    ...{ enabled: true, strict_actions: false, legacy_compat: true },
    operations: [
      { method: 'GET', path: '/usage', action: 'usage.show' },
      { method: 'POST', path: '/backups/{id}', action: 'backups.create' },
    ],
  });
}
