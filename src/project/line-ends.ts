import { styleOf } from '../text.ts';
import { sha256 } from './hash.ts';

/**
 * A text with `\n` line endings, as it is rendered: version control may convert them (`core.autocrlf`). Content with a zero
 * byte is binary and returned unchanged.
 */
export function withPlainEnds(content: Buffer): Buffer {
  if (!content.includes('\r\n') || content.includes(0)) return content;
  // Latin-1 preserves every byte.
  return Buffer.from(content.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}

/** Whether a file has a hash, apart from its line endings. */
export function isMade(content: Buffer, hash: string): boolean {
  return sha256(content) === hash || sha256(withPlainEnds(content)) === hash;
}

/** Whether two files are equal apart from their line endings. */
export function saysTheSame(one: Buffer, other: Buffer): boolean {
  return one.equals(other) || withPlainEnds(one).equals(withPlainEnds(other));
}

/** A new file with the line endings of the one that it replaces. */
export function withEndsOf(old: Buffer | undefined, content: Buffer): Buffer {
  if (old === undefined || old.includes(0) || content.includes(0)) return content;
  if (styleOf(old.toString('latin1')).eol === '\n') return content;
  return Buffer.from(withPlainEnds(content).toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
}
