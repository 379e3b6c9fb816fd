import { join } from 'node:path';

import { defineConfig } from 'vitepress';

import { adaptLinks } from './links.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The pages outside `docs/`. Every other Markdown file of the repository belongs to a template, an example or a test. */
const ROOT_PAGES = ['README', 'CHANGELOG', 'CONTRIBUTING', 'SECURITY'];

/**
 * The site has the files as they are in the repository, so that their relative links work in both places. Two variables adapt it to
 * where it is published: `SITE_BASE` is the path that it is served at, and `SITE_REPOSITORY` the address of the files of the repository,
 * such as https://example.com/owner/name/blob/main.
 */
export default defineConfig({
  title: 'create-tsuru-service',
  description: 'Create a complete, tested Tsuru service API in Express, Fastify or Hono.',
  lang: 'en',
  base: process.env['SITE_BASE'] ?? '/',
  srcDir: ROOT,
  srcExclude: ['!(docs)/**/*.md', `!(${ROOT_PAGES.join('|')}).md`],
  rewrites: { 'docs/index.md': 'index.md' },
  cacheDir: join(ROOT, 'node_modules/.cache/vitepress'),
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    // A bare address, such as a default in a table of options, is no link.
    linkify: false,
    config: (md) => {
      adaptLinks(md, { isPage: (path) => /^(docs\/[\w-]+|\w+)\.md$/.test(path), repository: process.env['SITE_REPOSITORY'] || undefined });
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    externalLinkIcon: true,
    nav: [
      { text: 'Overview', link: '/README' },
      { text: 'Options', link: '/docs/options' },
      { text: 'Checks', link: '/docs/checks' },
      { text: 'Changelog', link: '/CHANGELOG' },
    ],
    sidebar: [
      {
        text: 'Start',
        items: [
          { text: 'Overview', link: '/README' },
          { text: 'Build your service', link: '/docs/build-your-service' },
          { text: 'The sandbox', link: '/docs/sandbox' },
          { text: 'PostgreSQL', link: '/docs/postgres' },
          { text: 'check in CI', link: '/docs/check-in-ci' },
        ],
      },
      {
        text: 'Background',
        items: [
          { text: 'How regeneration works', link: '/docs/regeneration' },
          { text: 'Comparisons', link: '/docs/comparisons' },
          { text: 'Security', link: '/docs/security' },
        ],
      },
      {
        text: 'Reference',
        items: [
          { text: 'Options', link: '/docs/options' },
          { text: 'Exit codes', link: '/docs/exit-codes' },
          { text: 'The record', link: '/docs/record' },
          { text: 'The backend interface', link: '/docs/backend' },
          { text: 'Checks', link: '/docs/checks' },
          { text: 'Programmatic use', link: '/docs/programmatic' },
        ],
      },
      {
        text: 'Project',
        items: [
          { text: 'Changelog', link: '/CHANGELOG' },
          { text: 'Contributing', link: '/CONTRIBUTING' },
          { text: 'Report a vulnerability', link: '/SECURITY' },
          { text: 'The repository', link: '/docs/repository' },
        ],
      },
    ],
  },
});
