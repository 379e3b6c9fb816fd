import { createHash } from 'node:crypto';

import { openArchive } from '../../archive/archive.ts';

/** The page as it is served: one document, with its script and its style inside. */
export interface PageFile {
  html: Buffer;
  headers: Record<string, string>;
}

/** Headers of everything that the page's server answers. */
export const COMMON_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** Reads the page from the archive that the build wrote. */
export function readPage(archive: URL): PageFile {
  const { code, expand } = openArchive(archive);
  const html = expand(code[code.findIndex((name) => String(expand(name)) === 'page') + 1] ?? Buffer.of());
  const policy = [
    "default-src 'none'",
    `script-src ${hashesOf(html, 'script')}`,
    `style-src ${hashesOf(html, 'style')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ];
  return { html, headers: { ...COMMON_HEADERS, 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy.join('; ') } };
}

/** The archive that the page is in; a run of the sources finds it in `dist` too. */
export function pageArchive(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? '../../../dist/package.br' : './package.br', import.meta.url);
}

function hashesOf(html: Buffer, tag: string): string {
  const parts = html.toString().matchAll(new RegExp(`<${tag}[^>]*>(.*?)</${tag}>`, 'gs'));
  return [...parts].map(([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`).join(' ');
}
