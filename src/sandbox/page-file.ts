import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { brotliDecompressSync } from 'node:zlib';

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

/** Reads the page that the build wrote. @param file packed with Brotli */
export async function readPage(file: URL): Promise<PageFile> {
  const html = brotliDecompressSync(await readFile(file));
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

/** The build puts the page beside the bundle; a run of the sources finds it there too. */
export function pageUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? '../../dist/page.br' : './page.br', import.meta.url);
}

function hashesOf(html: Buffer, tag: string): string {
  const parts = html.toString().matchAll(new RegExp(`<${tag}[^>]*>(.*?)</${tag}>`, 'gs'));
  return [...parts].map(([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`).join(' ');
}
