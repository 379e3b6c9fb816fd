/** The text of several errors at once, as Tsuru's errors give it; one error is its own text. */
export function textOfErrors(errors: readonly string[]): string {
  if (errors.length === 1) return errors.join('');
  return `multiple errors reported (${errors.length}):\n${errors.map((error, index) => `error #${index}: ${error}\n`).join('')}`;
}

/** The same where Tsuru has it inside another text. */
export function lineOfErrors(errors: readonly string[]): string {
  if (errors.length === 1) return errors.join('');
  return `multiple errors reported (${errors.length}): ${errors.map((error, index) => `error ${index}: ${error}`).join(' - ')}`;
}
