import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const DOCUMENTS = ['README.md', ...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];

const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** What a document refers to in this repository, by links, pictures and `<img>`: paths from its root, with the anchors. */
function references(document: string): { path: string; anchor: string | undefined }[] {
  const prose = text(document).replace(/^```[^]*?^```/gm, '');
  const targets = [...prose.matchAll(/\]\(([^()\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)].map(([, link, attribute]) => link ?? attribute ?? '');
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#');
      return { path: path === '' ? document : relative(ROOT, join(ROOT, path.startsWith('/') ? '' : dirname(document), path)), anchor };
    });
}

/** The anchors of a document's headings, as GitHub makes them. */
function anchors(document: string): string[] {
  const headings = [...text(document).replace(/^```[^]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)];
  return headings.map(([, title = '']) => title.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-'));
}

describe('the documents', () => {
  it.each(DOCUMENTS)('refer to files and headings that exist: %s', (document) => {
    const isLost = ({ path, anchor }: { path: string; anchor: string | undefined }) =>
      !existsSync(join(ROOT, path)) || (anchor !== undefined && !anchors(path).includes(anchor));
    expect(references(document).filter(isLost)).toEqual([]);
  });
});
