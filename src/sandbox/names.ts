import { NAME } from '../tsuru/names.ts';

/** Whether Tsuru takes a name for an app, a job, a pool or a cluster. */
export function isName(name: string): boolean {
  return NAME.test(name);
}

/** The rule of {@link isName}, as Tsuru states it. */
export const NAME_RULE = 'should have at most 40 characters, containing only lower case letters, numbers or dashes, starting with a letter.';

/** Whether Tsuru takes a text for the address of a user. */
export function isEmail(address: string): boolean {
  return /^[^@\s]+@(?:[-a-z0-9]+\.)+[a-z]{2,}$/.test(address);
}

/** Tags without spaces around them, each once, without empty ones. */
export function cleanTags(tags: readonly string[]): string[] {
  return [...new Set(tags.map((tag) => tag.trim()).filter((tag) => tag !== ''))];
}

/** For lists in the order of Go's `sort.Strings`. */
export function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}
