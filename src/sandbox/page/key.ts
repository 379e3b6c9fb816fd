const NAME = 'sandbox-key';

/**
 * Moves the key of this start from the fragment of the printed address into the tab's own storage, so that it is not in the
 * address bar, in bookmarks or in the history.
 */
export function takeKey(): void {
  const key = location.hash.slice(1);
  if (key === '') return;
  sessionStorage.setItem(NAME, key);
  history.replaceState(null, '', location.pathname);
}

/** The key, which goes with every request; `''` if the page was opened without one. */
export function keyOf(): string {
  return sessionStorage.getItem(NAME) ?? '';
}
