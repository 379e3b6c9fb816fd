import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

import { execa } from 'execa';
import type { Browser } from 'playwright-core';
import { createMarkdownRenderer, type MarkdownRenderer } from 'vitepress';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { adaptLinks } from '../../docs/.vitepress/links.ts';
import { hasBrowser, openPage, startBrowser } from '../browser/support/desk.ts';
import { needsTool } from '../support/needs.ts';

const ROOT = join(import.meta.dirname, '../..');
const DIST = join(ROOT, 'docs/.vitepress/dist');
/** As on a host that serves several sites. */
const BASE = '/some-name/';

let output = '';
/** The HTML of every page, by its path in the site. */
const pages = new Map<string, string>();

beforeAll(async () => {
  const built = await execa('npm', ['run', 'site'], { cwd: ROOT, env: { SITE_BASE: BASE, SITE_REPOSITORY: '' }, all: true });
  output = built.all;
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.html'))) pages.set(file, readFileSync(join(DIST, file), 'utf8'));
}, 300_000);

/** The values of an attribute in HTML. */
function attributes(html: string, name: string): string[] {
  return [...html.matchAll(new RegExp(`\\s${name}="([^"]*)"`, 'g'))].map(([, value = '']) => value.replaceAll('&amp;', '&'));
}

/** The place that a link of a page leads to in the site; undefined when it leads elsewhere. */
function targetOf(href: string, page: string): { file: string; anchor: string } | undefined {
  const site = new URL(BASE, 'http://site.example');
  const url = new URL(href, new URL(page, site));
  if (url.origin !== site.origin) return undefined;
  const path = url.pathname.startsWith(BASE) ? url.pathname.slice(BASE.length) : `outside of the base: ${url.pathname}`;
  return { file: path === '' || path.endsWith('/') ? `${path}index.html` : path, anchor: decodeURIComponent(url.hash.slice(1)) };
}

describe('the build of the site', () => {
  it('ends without a warning', () => {
    expect(output).not.toMatch(/warn|\(!\)|deprecat|error/i);
  });

  it('has every page of the documentation', () => {
    const documents = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md') && name !== 'index.md');
    const expected = ['index.html', 'README.html', 'CHANGELOG.html', 'CONTRIBUTING.html', 'SECURITY.html', '404.html'];
    expect([...pages.keys()].sort()).toEqual([...expected, ...documents.map((name) => `docs/${name.replace('.md', '.html')}`)].sort());
  });

  it('has every page in the navigation', () => {
    const linked = new Set(attributes(pages.get('docs/options.html') ?? '', 'href').map((href) => targetOf(href, 'docs/options.html')?.file));
    expect([...pages.keys()].filter((page) => page !== '404.html' && !linked.has(page))).toEqual([]);
  });

  it('has no dead link and no dead anchor', () => {
    const dead: string[] = [];
    for (const [page, html] of pages) {
      for (const href of [...attributes(html, 'href'), ...attributes(html, 'src')]) {
        const target = targetOf(href, page);
        if (target === undefined) continue;
        const isThere = existsSync(join(DIST, target.file));
        const ids = target.anchor === '' ? [] : attributes(pages.get(target.file) ?? '', 'id');
        if (!isThere || (target.anchor !== '' && !ids.includes(target.anchor))) dead.push(`${page}: ${href}`);
      }
    }
    expect(dead).toEqual([]);
  });

  it('has all links of its start page', () => {
    const linked = attributes(pages.get('index.html') ?? '', 'href').map((href) => targetOf(href, 'index.html')?.file);
    expect(linked).toContain('README.html');
    expect(pages.get('index.html')).toMatch(/<a [^>]*>The overview<\/a>/);
  });

  it('loads nothing from another host', () => {
    const loaded = [...pages].flatMap(([page, html]) => {
      const tags = html.match(/<(link|script|img|source|iframe|video)\b[^>]*>/g) ?? [];
      const addresses = tags.flatMap((tag) => [...attributes(tag, 'href'), ...attributes(tag, 'src'), ...attributes(tag, 'srcset')]);
      return addresses.filter((address) => /^(https?:)?\/\//.test(address)).map((address) => `${page}: ${address}`);
    });
    const styles = readdirSync(join(DIST, 'assets')).filter((name) => name.endsWith('.css'));
    const inStyles = styles.filter((name) => /(url\(["']?|@import\s*["'])(https?:)?\/\//.test(readFileSync(join(DIST, 'assets', name), 'utf8')));
    expect([...loaded, ...inStyles]).toEqual([]);
  });
});

describe('a link to a file that is not a page', () => {
  const target: Parameters<typeof adaptLinks>[1] = { isPage: (path) => path.endsWith('.md'), repository: undefined };
  let md: MarkdownRenderer;

  beforeAll(async () => {
    md = await createMarkdownRenderer(ROOT);
    adaptLinks(md, target);
  });

  const render = (repository: string | undefined) => {
    target.repository = repository;
    return md.render('[the source](../src/index.ts#L1) and [options](options.md)', { relativePath: 'docs/sandbox.md' });
  };

  it('leads to the repository, if its address is known', () => {
    expect(render('https://example.com/owner/name/blob/main')).toContain('<a href="https://example.com/owner/name/blob/main/src/index.ts#L1"');
  });

  it('is plain text otherwise', () => {
    expect(render(undefined)).toContain('<p>the source and <a href="./options.html">options</a></p>');
  });
});

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png', '.json': 'application/json' };

describe('in a browser', () => {
  const isThere = hasBrowser();
  let browser: Browser;
  let server: Server;
  let site: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const { file } = targetOf(request.url ?? '', '') ?? { file: '' };
      const path = join(DIST, file);
      if (!existsSync(path)) response.writeHead(404).end();
      else response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(readFileSync(path));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    site = `http://127.0.0.1:${(server.address() as AddressInfo).port}${BASE}`;
    if (isThere) browser = await startBrowser();
  });
  afterAll(async () => {
    if (isThere) await browser.close();
    server.closeAllConnections();
    server.close();
  });
  beforeEach((context) => {
    needsTool(context, 'chromium', isThere);
  });

  it('opens every page without a complaint, and none is wider than a phone', async () => {
    const { page, complaints, close } = await openPage(browser, site, { width: 360, height: 740 });
    const found: string[] = [];
    for (const file of pages.keys()) {
      await page.goto(site + file);
      await page.waitForFunction("document.querySelector('#app').__vue_app__");
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      const unloaded = await page.evaluate<string[]>("[...document.images].filter((image) => image.complete && image.naturalWidth === 0).map(({ src }) => src)");
      found.push(...unloaded, ...(overflow > 0 ? [`${file} is ${overflow} pixels too wide`] : []));
    }
    found.push(...complaints);
    await close();
    expect(found).toEqual([]);
  });

  it.each([false, true])('follows the preference for dark: %s', async (isDark) => {
    const { page, close } = await openPage(browser, `${site}docs/regeneration.html`, { isDark });
    const background = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    expect(background === 'rgb(255, 255, 255)').toBe(!isDark);
    await close();
  });

  it('finds "bind"', async () => {
    const { page, complaints, close } = await openPage(browser, site);
    await page.getByRole('button', { name: 'Search' }).click();
    await page.locator('#localsearch-input').fill('bind');
    const results = page.locator('#localsearch-list a');
    await results.first().waitFor();
    expect(await results.count()).toBeGreaterThan(3);
    await results.first().click();
    await page.locator('.vp-doc').waitFor();
    expect(page.url()).toMatch(/\/some-name\/\w+.*\.html/);
    expect(complaints).toEqual([]);
    await close();
  });
});
