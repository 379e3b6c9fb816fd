import { openDesk, startBrowser } from '../browser/support/desk.ts';

/** Writes the pictures of the sandbox's page, from a real run: `docs/pictures/sandbox.png`, and the same in the dark. */
async function takePictures(): Promise<void> {
  const browser = await startBrowser();
  for (const isDark of [false, true]) {
    const { page, sandbox, tsuru, close } = await openDesk(browser, { isDark, width: 1280, height: 800 });
    sandbox.tellService('up', 'The service runs: npm run dev');
    await tsuru('POST', '/1.0/services/mydb/instances', { name: 'orders', plan: 'small', owner: 'team-a', description: 'Orders of the shop', tag: 'prod', 'parameters.size': '10' });
    await tsuru('POST', '/1.0/services/mydb/instances', { name: 'slow-reports', plan: 'small', owner: 'team-a' });
    await tsuru('PUT', '/1.13/services/mydb/instances/orders/jobs/job1', { noRestart: 'false' });
    await page.locator('main .head', { hasText: 'orders' }).click();
    const body = page.locator('main .item .body').first();
    await body.getByText('orders.example.com').waitFor();
    await body.getByRole('button', { name: 'Bind', exact: true }).click();
    await body.locator('form').getByRole('button', { name: 'Bind' }).click();
    await body.getByText('is now bound to the app').waitFor();
    await page.locator('.call', { hasText: 'bind-app' }).click();
    await page.locator('.side .body').getByText('MYDB_HOST').waitFor();
    await page.evaluate("document.querySelector('.side').scrollTop = 0");
    await page.screenshot({ path: `docs/pictures/sandbox${isDark ? '-dark' : ''}.png`, animations: 'disabled', caret: 'hide' });
    await close();
  }
  await browser.close();
}

await takePictures();
