import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { needsTool } from '../support/needs.ts';
import { startProgram } from '../support/started.ts';
import { hasBrowser, openDesk, openPage, PASSWORD, register, SECRET, startBrowser, type Desk, type DeskOptions } from './support/desk.ts';
import { startSmallService } from './support/service.ts';

const isThere = hasBrowser();
let browser: Browser;
let desk: Desk | undefined;

beforeAll(async () => {
  if (isThere) browser = await startBrowser();
});
afterAll(async () => {
  if (isThere) await browser.close();
});
beforeEach((context) => {
  needsTool(context, 'chromium', isThere);
});
afterEach(async () => {
  await desk?.close();
  desk = undefined;
});

async function open(options?: DeskOptions): Promise<Desk> {
  desk = await openDesk(browser, options);
  return desk;
}

function add(desk: Desk, name: string, fields: Record<string, string> = {}): Promise<string> {
  return desk.tsuru('POST', '/1.0/services/mydb/instances', { name, plan: 'small', owner: 'team-a', ...fields });
}

/** The line of an instance, an app or a job, and all that it opens. */
function line(page: Page, name: string): Locator {
  return page.locator('main .item').filter({ has: page.locator('.head', { hasText: name }) });
}

async function unfold(page: Page, name: string): Promise<Locator> {
  await line(page, name).locator('.head').click();
  return line(page, name).locator('> .body');
}

async function overflow(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
}

describe('the page', () => {
  it('is a whole life by clicks', async () => {
    const { page, tsuru, service, complaints } = await open({ isRegistered: false });
    await page.getByText('No service yet').waitFor();
    expect(page.url()).not.toContain('#');
    await register(tsuru, service);

    await page.getByRole('button', { name: 'Add an instance' }).click();
    await page.getByLabel('Name', { exact: true }).fill('orders');
    await page.getByLabel('Plan').selectOption('small');
    await page.getByLabel('Description').fill('Orders of the shop');
    await page.getByLabel('Tags').fill('prod eu');
    await page.getByRole('button', { name: 'Add a parameter' }).click();
    await page.getByLabel('Name of parameter 1').fill('size');
    await page.getByLabel('Value of parameter 1').fill('10');
    await page.getByRole('button', { name: 'Add the instance' }).click();
    await line(page, 'orders').getByText('up', { exact: true }).waitFor();

    const orders = await unfold(page, 'orders');
    await orders.getByText('orders.example.com:5432').waitFor();
    expect(await orders.locator('dl').innerText()).toMatch(/Orders of the shop[^]*team-a[^]*size\s+10 parameter/);
    for (const target of ['app app1', 'job job1']) {
      await orders.getByRole('button', { name: 'Bind', exact: true }).click();
      await orders.getByLabel('App or job').selectOption(target);
      await orders.locator('form').getByRole('button', { name: 'Bind' }).click();
      await orders.getByRole('status').filter({ hasText: 'bound' }).waitFor();
    }

    const app = await unfold(page, 'app1');
    await app.getByText('from mydb/orders').first().waitFor();
    expect(await page.content()).not.toContain(SECRET);
    await app.getByRole('button', { name: 'Show the value of MYDB_PASSWORD' }).click();
    await app.getByText(SECRET).waitFor();

    await orders.getByRole('button', { name: 'Update', exact: true }).first().click();
    await orders.getByLabel('Description').fill('All orders');
    await orders.locator('form').getByRole('button', { name: 'Update' }).click();
    await orders.locator('dl').getByText('All orders').waitFor();

    const backups = orders.locator('li').filter({ hasText: '/backups/{id}' });
    await backups.getByRole('button', { name: 'Call' }).click();
    await backups.getByLabel('id').fill('b/1');
    await backups.getByLabel('Content-Type').fill('application/x-www-form-urlencoded');
    await backups.getByLabel('Body').fill('keep=7');
    await backups.getByRole('button', { name: 'POST it' }).click();
    await backups.getByText('"authorization": "Basic ***"').waitFor();
    expect(await backups.locator('pre').innerText()).toContain('"keep"');

    for (const bound of ['app1', 'job1']) {
      const one = orders.locator('li').filter({ hasText: bound });
      await one.getByRole('button', { name: 'Unbind' }).click();
      await one.getByRole('button', { name: 'Unbind it' }).click();
      await one.waitFor({ state: 'detached' });
    }
    await orders.getByRole('button', { name: 'Remove' }).click();
    await orders.getByText('Remove the instance orders?').waitFor();
    await orders.getByRole('button', { name: 'Remove it' }).click();
    await line(page, 'orders').waitFor({ state: 'detached' });

    expect(await page.content()).not.toContain(PASSWORD);
    expect(complaints).toEqual([]);
  });

  it('shows each call with what Tsuru makes of it, and its bodies when it is opened', async () => {
    const { page, sandbox, service, ...rest } = await open();
    await add({ page, sandbox, service, ...rest }, 'orders', { 'parameters.size': '10' });
    await rest.tsuru('PUT', '/1.13/services/mydb/instances/orders/apps/app1', { noRestart: 'false' });
    const calls = page.getByRole('tabpanel', { name: 'Calls' });
    const create = calls.locator('.item').filter({ hasText: /POST \/resources\s*201/ });
    await create.getByRole('button').first().click();
    await create.getByText('parameters.size = 10').waitFor();
    await create.getByText('Authorization: Basic ***').waitFor();
    await create.getByRole('button', { name: 'Copy as curl' }).click();
    await create.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toContain('--user mydb:"$SERVICE_PASSWORD"');

    const bind = calls.locator('.item').filter({ hasText: '/bind-app' });
    await bind.getByRole('button').first().click();
    await bind.getByText('"MYDB_PASSWORD": "***"').waitFor();
    await bind.getByRole('button', { name: 'Show the values' }).click();
    await bind.getByText(SECRET).waitFor();

    await calls.getByLabel('Filter the calls').fill('bind-app 201');
    await create.waitFor({ state: 'detached' });
    expect(await calls.locator('.item').count()).toBe(1);
  });

  it('keeps what is typed while other things change', async () => {
    const opened = await open();
    const { page, sandbox } = opened;
    await add(opened, 'orders', { description: 'before' });
    const orders = await unfold(page, 'orders');
    await orders.getByRole('button', { name: 'Update' }).click();
    await orders.getByLabel('Description').fill('half a sen');
    await add(opened, 'another');
    sandbox.log('a line');
    await line(page, 'another').getByText('up', { exact: true }).waitFor();
    await page.getByRole('tab', { name: 'Log 1' }).waitFor();
    expect(await orders.getByLabel('Description').inputValue()).toBe('half a sen');
  });

  it('asks about a pending instance until it is up', async () => {
    const opened = await open();
    await add(opened, 'slow-one');
    await line(opened.page, 'slow-one').getByText('pending').waitFor();
    await opened.page.getByRole('tabpanel').getByText('×2').waitFor();
    opened.service.ready();
    await line(opened.page, 'slow-one').getByText('up', { exact: true }).waitFor();
  });

  it("shows an error in Tsuru's words where the action was", async () => {
    const { page, complaints } = await open();
    await page.getByRole('button', { name: 'Add an instance' }).click();
    await page.getByLabel('Name', { exact: true }).fill('orders');
    await page.getByLabel('Plan').selectOption('huge');
    await page.getByRole('button', { name: 'Add the instance' }).click();
    const alert = page.locator('form').getByRole('alert');
    await alert.getByText('Failed to create the instance orders: invalid response: plan "huge" is sold out (code: 400)').waitFor();
    await page.getByLabel('Plan').selectOption('small');
    await page.getByRole('button', { name: 'Add the instance' }).click();
    await line(page, 'orders').waitFor();
    // The browser itself notes a status of 500.
    expect(complaints.filter((one) => !one.includes('status of 500'))).toEqual([]);
  });

  it('arms a fault, which then is off again', async () => {
    const opened = await open();
    const { page } = opened;
    await page.getByRole('tab', { name: 'Faults' }).click();
    const lost = page.getByRole('region', { name: 'Answer lost' }).getByRole('switch', { name: 'create' });
    await lost.click();
    await page.getByRole('tab', { name: 'Faults 1' }).waitFor();
    expect(await lost.getAttribute('aria-checked')).toBe('true');
    await expect(add(opened, 'orders')).rejects.toThrow('Failed to create the instance orders');
    await page.getByRole('tab', { name: 'Faults', exact: true }).waitFor();
    expect(await lost.getAttribute('aria-checked')).toBe('false');
    await page.getByRole('tab', { name: 'Calls' }).click();
    await page.getByText('fault: lost').waitFor();
  });

  it('can be used by the keyboard only', async () => {
    const { page } = await open();
    const tabTo = async (name: string): Promise<void> => {
      for (let step = 0; step < 40; step++) {
        await page.keyboard.press('Tab');
        const focused = page.locator(':focus');
        if ((await focused.count()) > 0 && (await focused.innerText()).startsWith(name)) return;
      }
      throw new Error(`No way by the keyboard to ${name}`);
    };
    await page.getByRole('button', { name: 'Add an instance' }).waitFor();
    await tabTo('Add an instance');
    const outline = await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle');
    expect(outline).toBe('solid');
    await page.keyboard.press('Enter');
    await page.locator('input[name=name]:focus').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('form').waitFor({ state: 'detached' });
    await page.keyboard.press('Enter');
    await page.locator('input[name=name]:focus').waitFor();
    await page.getByLabel('Plan').locator('option', { hasText: 'small' }).waitFor({ state: 'attached' });
    await page.keyboard.type('orders');
    await page.keyboard.press('Enter');
    await line(page, 'orders').getByText('up', { exact: true }).waitFor();
    await page.getByText('The instance is added.').waitFor();
    expect(await page.locator(':focus').innerText()).toBe('Add an instance');
    await tabTo('up');
    await page.keyboard.press('Enter');
    await tabTo('Remove');
    await page.keyboard.press('Enter');
    await tabTo('Remove it');
    await page.keyboard.press('Enter');
    await line(page, 'orders').waitFor({ state: 'detached' });
    await page.locator('main:focus').waitFor();
    await page.getByRole('tab', { name: 'Calls' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('tabpanel', { name: 'Log' }).waitFor();
    expect(await page.locator(':focus').innerText()).toContain('Log');
  });

  it('fits 360 pixels, with long names and all that opens', async () => {
    const opened = await open({ width: 360, height: 740 });
    const { page, sandbox } = opened;
    await add(opened, `a-${'long'.repeat(20)}`, { description: 'w'.repeat(300), tag: 't'.repeat(100) });
    sandbox.log('l'.repeat(500));
    const body = await unfold(page, 'a-long');
    for (const tool of ['Bind', 'Update', 'Remove']) {
      await body.getByRole('button', { name: tool, exact: true }).first().click();
      expect(await overflow(page)).toBe(0);
    }
    for (const tab of ['Calls', 'Log', 'Faults']) {
      await page.getByRole('tab', { name: tab }).click();
      if (tab === 'Calls') await page.getByRole('tabpanel').locator('.head').last().click();
      await page.getByRole('tabpanel', { name: tab }).waitFor();
      expect(await page.locator('main').isVisible()).toBe(false);
      expect(await overflow(page)).toBe(0);
    }
  });

  it('is dark where the system is', async () => {
    const brightness = async (isDark: boolean): Promise<number> => {
      const { page, close } = await openDesk(browser, { isDark });
      const colour = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      await close();
      return Number(/\d+/.exec(colour)?.[0]);
    };
    expect(await brightness(false)).toBeGreaterThan(200);
    expect(await brightness(true)).toBeLessThan(50);
  });

  it('says that the service is away, and goes on when it is back', async () => {
    const opened = await open();
    const { page, service } = opened;
    await add(opened, 'orders');
    await line(page, 'orders').getByText('up', { exact: true }).waitFor();
    await service.close();
    await page.getByText('The service is away: nothing answers at its address (ECONNREFUSED).').waitFor();
    await (await unfold(page, 'orders')).getByRole('button', { name: 'Ask its state' }).click();
    await line(page, 'orders').locator('.state', { hasText: 'error' }).waitFor();
    opened.service = await startSmallService({ secret: SECRET, port: service.port });
    await page.getByText('The service is away').waitFor({ state: 'detached' });
    await line(page, 'orders').locator('.state', { hasText: 'error' }).waitFor({ state: 'detached' });
    await opened.service.close();
  });

  it('says that the sandbox is away, and that it was started anew', async () => {
    const { page, sandbox } = await open();
    await page.getByRole('heading', { name: 'mydb' }).waitFor();
    await sandbox.close();
    await page.getByText('The sandbox is away.').waitFor();
    const next = await startSandbox({ team: 'team-b', port: Number(new URL(sandbox.address).port) });
    try {
      await page.getByText('This page is for another start of the sandbox: open the address that it printed').waitFor();
      await page.goto(next.page);
      await page.getByText('No service yet').waitFor();
      expect(page.url()).toBe(`${next.address}/`);
    } finally {
      await next.close();
    }
  });

  it('is served by the built command, too, and says when that has ended', async () => {
    const service = await startSmallService({ secret: SECRET });
    const args = ['dist/cli.js', 'sandbox', `http://127.0.0.1:${service.port}`, '--json', '--username', 'mydb'];
    const command = await startProgram(process.execPath, args, { SERVICE_PASSWORD: PASSWORD });
    const started = JSON.parse(command.output().split('\n').find((one) => one.startsWith('{')) ?? '') as { page: string };
    const { page, complaints, close } = await openPage(browser, started.page);
    try {
      await page.getByRole('button', { name: 'Add an instance' }).waitFor();
      expect(complaints).toEqual([]);
      await command.stop();
      await page.getByText('The sandbox is away.').waitFor();
    } finally {
      await command.stop();
      await close();
      await service.close();
    }
  });

  it('stands texts that would be markup, turn around or hide, many instances, and bodies that are long or deep', async () => {
    const opened = await open();
    const { page, complaints } = opened;
    const hostile = '<img src=x onerror=alert(1)> \u202egnp.exe \0\x1b[31m "><script>alert(1)</script>';
    await add(opened, 'hostile', { description: hostile, tag: '<b>tag</b>', 'parameters.long': 'x'.repeat(100_000) });
    const body = await unfold(page, 'hostile');
    await body.getByText('<img src=x onerror=alert(1)> <U+202E>gnp.exe').waitFor();
    expect(await page.locator('main img, main script, main b').count()).toBe(0);
    const create = page.getByRole('tabpanel').locator('.item').filter({ hasText: /POST \/resources\s*201/ });
    await create.getByRole('button').first().click();
    await create.getByRole('button', { name: /Show all 10\d,\d+ characters/ }).click();
    const deep = { method: 'POST', headers: { Authorization: `bearer ${opened.sandbox.token}`, 'Content-Type': 'application/json' }, body: '['.repeat(30_000) + ']'.repeat(30_000) };
    await fetch(`${opened.sandbox.address}/1.20/services/mydb/resources/hostile/backups/1`, deep);
    const backup = page.getByRole('tabpanel').locator('.item').filter({ hasText: '/backups/1' });
    await backup.getByRole('button').first().click();
    await backup.getByRole('button', { name: /Show all/ }).first().waitFor();
    for (let number = 0; number < 200; number++) await add(opened, `n${number}`);
    await page.getByLabel('Filter the 201 instances').fill('n199');
    await line(page, 'n199').waitFor();
    expect(await page.locator('main .item .state').count()).toBe(3);
    expect(complaints).toEqual([]);
  });
});
