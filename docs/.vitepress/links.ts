import { posix } from 'node:path';

import type { MarkdownRenderer } from 'vitepress';

type Tokens = ReturnType<MarkdownRenderer['parse']>;

interface Site {
  /** Whether a file of the repository is a page of the site; a path relative to the root. */
  isPage: (path: string) => boolean;
  /** The address of the files of the repository; undefined when it is not known. */
  repository: string | undefined;
}

/**
 * Adapts what the repository shows by itself: a link to a file that is not a page leads to the repository, or becomes plain text when its
 * address is not known; an image in HTML gets a path that the bundler resolves.
 */
export function adaptLinks(md: MarkdownRenderer, site: Site): void {
  md.core.ruler.push('links of the repository', ({ tokens, env }) => {
    // There is no path when VitePress reads the title of a page by itself.
    const directory = posix.dirname((env as { relativePath?: string }).relativePath ?? '');
    for (const token of tokens) {
      for (const each of [token, ...(token.children ?? [])]) {
        if (each.type.startsWith('html')) each.content = each.content.replace(/\b(src|srcset)="(?![./]|[a-z]+:)/g, '$1="./');
      }
      if (token.children) token.children = withoutDeadLinks(token.children, directory, site);
    }
  });
}

function withoutDeadLinks(tokens: Tokens, directory: string, { isPage, repository }: Site): Tokens {
  let isDropped = false;
  return tokens.filter((token) => {
    if (token.type === 'link_close' && isDropped) {
      isDropped = false;
      return false;
    }
    const href = token.type === 'link_open' ? (token.attrGet('href') ?? '') : '';
    if (href === '' || /^(#|\/|[a-z]+:)/.test(href)) return true;
    const path = posix.join(directory, href);
    if (isPage(path.replace(/#.*/, ''))) return true;
    if (repository === undefined) {
      isDropped = true;
      return false;
    }
    token.attrSet('href', `${repository}/${path}`);
    return true;
  });
}
