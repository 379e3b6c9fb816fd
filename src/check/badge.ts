import { isBad } from './report/facts.ts';
import { hasFailed, type CheckRun } from './result.ts';

const LABEL = 'tsuru contract';

/** How many of the rules that apply hold, and the colour that says whether the run is good. */
function badgeOf(run: CheckRun): { message: string; color: 'brightgreen' | 'yellow' | 'red' } {
  const applying = run.results.filter(({ outcome }) => outcome !== 'skipped');
  const passed = applying.filter(({ outcome }) => outcome === 'passed').length;
  const isWorse = applying.some(
    (result) => (hasFailed(result) && result.check.level !== 'may') || result.outcome === 'accepted',
  );
  return { message: `${passed} of ${applying.length}`, color: isBad(run) ? 'red' : isWorse ? 'yellow' : 'brightgreen' };
}

/** What the file of a badge contains: an image if its name ends in `.svg`, otherwise what an "endpoint" of shields.io replies. */
export function toBadge(run: CheckRun, file: string): string {
  const { message, color } = badgeOf(run);
  if (!/\.svg$/i.test(file)) return `${JSON.stringify({ schemaVersion: 1, label: LABEL, message, color })}\n`;
  const fill = { brightgreen: '#4c1', yellow: '#dfb317', red: '#e05d44' }[color];
  // At 11 pixels, a character is some 6.5 wide.
  const [left, right] = [LABEL, message].map((text) => Math.round(text.length * 6.5) + 10) as [number, number];
  const title = `${LABEL}: ${message}`;
  const label = (text: string, middle: number) => `<text x="${middle}" y="14">${text}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="${title}">`,
    `<title>${title}</title><rect width="${left}" height="20" fill="#555"/>`,
    `<rect x="${left}" width="${right}" height="20" fill="${fill}"/>`,
    '<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,sans-serif" font-size="11">',
    `${label(LABEL, left / 2)}${label(message, left + right / 2)}</g></svg>\n`,
  ].join('');
}
