/** A word for a POSIX shell: as it is when that is certain to be safe, in single quotes otherwise. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) && !word.startsWith('-') ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
