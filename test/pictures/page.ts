import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';

import { openDesk, openPage, startBrowser } from '../browser/support/desk.ts';
import { online } from '../support/cli.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/cli.js');
const SIZE = { width: 1280, height: 800 };

/** Replaces, in a page, what differs from run to run. The page's own script has no part in it. */
const NORMALISE = `{
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const text = node.data
      .replace(/127\\.0\\.0\\.1:(?!6443)\\d+/g, '127.0.0.1:8888')
      .replace(/\\b\\d\\d:\\d\\d:\\d\\d\\b/g, '12:00:00')
      .replace(/\\b\\d+ ms\\b/g, '2 ms')
      .replace(/\\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\b/g, '196d99ce-1bd4-437d-8786-e4b337299b42')
      .replace(/\\b[0-9a-f]{24}\\b/g, '6b0c1d022f19a6b12508a6ec');
    if (text !== node.data) node.data = text;
  }
  document.querySelector('.side').scrollTop = 0;
}`;

/** Writes the pictures of the sandbox's page, from real runs. */
async function takePictures(): Promise<void> {
  const browser = await startBrowser();
  try {
    for (const isDark of [false, true]) await takeSandbox(browser, isDark);
    await takeTutorial(browser);
  } finally {
    await browser.close();
  }
}

/** `sandbox.png`: what the page has for an instance, and a call that is opened; and the same in the dark. */
async function takeSandbox(browser: Browser, isDark: boolean): Promise<void> {
  const { page, sandbox, tsuru, close } = await openDesk(browser, { isDark, ...SIZE });
  try {
    sandbox.tellService('up', 'The service runs: npm run dev');
    await tsuru('POST', '/1.0/services/mydb/instances', { name: 'orders', plan: 'small', owner: 'team-a', description: 'Orders of the shop', tag: 'prod', 'parameters.size': '10' });
    await tsuru('POST', '/1.0/services/mydb/instances', { name: 'slow-reports', plan: 'small', owner: 'team-a' });
    await tsuru('PUT', '/1.13/services/mydb/instances/orders/jobs/job1', { noRestart: 'false' });
    await bindOrders(page);
    await page.locator('.side .body').getByText('MYDB_HOST').waitFor();
    await shoot(page, `sandbox${isDark ? '-dark' : ''}`);
  } finally {
    await close();
  }
}

/** `tutorial-bound.png`: the instance of docs/build-your-service.md once it is bound, in the sandbox of its project. */
async function takeTutorial(browser: Browser): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'pictures-'));
  const project = join(scratch, 'my-cache');
  const run = (cwd: string, ...args: string[]) => execFileSync(process.execPath, [PROGRAM, ...args], { cwd, env: online(), stdio: 'pipe' });
  try {
    run(scratch, 'my-cache', '--yes', '--no-verify', '--no-git');
    run(project, 'endpoint', 'add', 'flush', '--method', 'POST', '--action', 'flush.run', '--yes', '--no-install');
    const child = spawn(process.execPath, [PROGRAM, 'sandbox', '--json', '--port', '0'], { cwd: project, env: online(), stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    try {
      const started = once(child.stdout.setEncoding('utf8'), 'data') as Promise<[string]>;
      const [line] = await Promise.race([started, ended.then(([code]) => Promise.reject(new Error(`The sandbox ended with ${String(code)}.`)))]);
      const opened = await openPage(browser, (JSON.parse(line) as { page: string }).page, SIZE);
      await addOrders(opened.page);
      await bindOrders(opened.page);
      await opened.page.locator('.side .body').getByText('MY_CACHE_HOST').waitFor();
      await shoot(opened.page, 'tutorial-bound');
      await opened.close();
    } finally {
      child.kill('SIGINT');
      await ended;
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function addOrders(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Add an instance' }).click();
  await page.getByLabel('Name', { exact: true }).fill('orders');
  await page.getByLabel('Plan').selectOption('small');
  await page.getByRole('button', { name: 'Add the instance' }).click();
  await page.locator('main .item', { hasText: 'orders' }).getByText('up', { exact: true }).waitFor();
}

/** Binds the instance `orders` to the app, and opens the call for that. */
async function bindOrders(page: Page): Promise<void> {
  await page.locator('main .head', { hasText: 'orders' }).click();
  const body = page.locator('main .item .body').first();
  await body.getByText('orders.example.com').waitFor();
  await body.getByRole('button', { name: 'Bind', exact: true }).click();
  await body.locator('form').getByRole('button', { name: 'Bind' }).click();
  await body.getByText('is now bound to the app').waitFor();
  await page.locator('.call', { hasText: 'bind-app' }).click();
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.evaluate(NORMALISE);
  await page.screenshot({ path: `docs/pictures/${name}.png`, animations: 'disabled', caret: 'hide' });
}

await takePictures();
