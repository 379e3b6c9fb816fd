/** The token of a request, or `''`: it stands after one word, such as `bearer`, or alone (tsuru/auth `ParseToken`). */
export function tokenOf(authorization = ''): string {
  const words = authorization.split(' ');
  return words.length < 3 ? (words.at(-1) ?? '') : '';
}
