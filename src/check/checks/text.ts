import type { Sent } from '../sent.ts';

/** Characters of an error text that are still readable in a terminal. */
const LONGEST_TEXT = 1000;

/** What is wrong with the body of an error that Tsuru shows to its user, as a verb phrase; undefined if nothing is. */
export function textProblem(sent: Sent): string | undefined {
  const text = bodyOf(sent);
  if (text.trim() === '') return 'is empty';
  if (isHtml(text)) return 'is HTML';
  if (/^\s+at .+:\d+:\d+\)?$|^Traceback \(most recent call last\)|^goroutine \d+ \[/m.test(text)) {
    return 'is a stack trace';
  }
  if (text.length > LONGEST_TEXT) return `has ${text.length} characters`;
  return undefined;
}

/** The body of a reply as text. */
export function bodyOf({ exchange }: Sent): string {
  return exchange.reply?.body.toString('utf8') ?? '';
}

export function isHtml(text: string): boolean {
  return /^\s*<(!doctype|html|head|body|h1|pre)\b/i.test(text);
}
