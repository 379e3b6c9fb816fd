import { styleOf } from '../text.ts';
import { sha256 } from './hash.ts';

/**
 * A text as it is made, with `\n`: version control may give its lines other ends (`core.autocrlf`). What has a zero byte is
 * no text, and stays.
 */
export function withPlainEnds(content: Buffer): Buffer {
  if (!content.includes('\r\n') || content.includes(0)) return content;
  // Latin-1 keeps every byte as it is.
  return Buffer.from(content.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}

/** Whether a file is the one with a hash, whatever the ends of its lines. */
export function isMade(content: Buffer, hash: string): boolean {
  return sha256(content) === hash || sha256(withPlainEnds(content)) === hash;
}

/** Whether two files say the same, whatever the ends of their lines. */
export function saysTheSame(one: Buffer, other: Buffer): boolean {
  return one.equals(other) || withPlainEnds(one).equals(withPlainEnds(other));
}

/** A new file with the line ends of the one that it replaces. */
export function withEndsOf(old: Buffer | undefined, content: Buffer): Buffer {
  if (old === undefined || old.includes(0) || content.includes(0)) return content;
  if (styleOf(old.toString('latin1')).eol === '\n') return content;
  return Buffer.from(withPlainEnds(content).toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
}
