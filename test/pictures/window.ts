import { textOf, type Run } from './screen.ts';

/** Pixels of a character, and of the window around them. */
const [CHARACTER, LINE, SIDE, BAR, BOTTOM] = [8.4, 19, 18, 46, 16];

/** The 16 colours of a terminal, on a dark background. */
const COLOURS = [
  ...['#6e7681', '#ff7b72', '#56d364', '#e3b341', '#79c0ff', '#d2a8ff', '#56d4dd', '#c9d1d9'],
  ...['#8b949e', '#ffa198', '#7ee787', '#f2cc60', '#a5d6ff', '#e2c5ff', '#b3f0ff', '#ffffff'],
];

/** Draws lines in the window of a terminal, as an SVG file whose text can be selected and searched. */
export function windowOf(lines: readonly (readonly Run[])[], columns: number, title: string): string {
  const width = Math.ceil(columns * CHARACTER + 2 * SIDE);
  const height = BAR + lines.length * LINE + BOTTOM;
  const drawn = lines.map((line, index) => lineOf(line, BAR + index * LINE + 14)).filter((line) => line !== '');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(title)}</title>
<style>
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #e6edf3; white-space: pre }
.b { font-weight: 700 } .d { fill-opacity: .65 } .u { text-decoration: underline }
${stylesOf(lines)}</style>
<rect width="${width}" height="${height}" rx="10" fill="#0d1117"/>
<path d="M0 32V10A10 10 0 0 1 10 0H${width - 10}A10 10 0 0 1 ${width} 10V32Z" fill="#21262d"/>
<circle cx="20" cy="16" r="6" fill="#ff5f57"/><circle cx="40" cy="16" r="6" fill="#febc2e"/><circle cx="60" cy="16" r="6" fill="#28c840"/>
${drawn.join('\n')}
</svg>
`;
}

/** A line as wide as its characters are in a terminal, whatever font is there. */
function lineOf(line: readonly Run[], y: number): string {
  if (line.length === 0) return '';
  const length = Number((textOf(line).length * CHARACTER).toFixed(1));
  return `<text x="${SIDE}" y="${y}" textLength="${length}" xml:space="preserve">${line.map(spanOf).join('')}</text>`;
}

function spanOf({ text, isBold, isDim, isUnderlined, colour }: Run): string {
  const classes = [isBold ? 'b' : '', isDim ? 'd' : '', isUnderlined ? 'u' : '', colour === undefined ? '' : `c${colour}`];
  const named = classes.filter((name) => name !== '').join(' ');
  return named === '' ? escaped(text) : `<tspan class="${named}">${escaped(text)}</tspan>`;
}

function stylesOf(lines: readonly (readonly Run[])[]): string {
  const used = new Set(lines.flat().flatMap(({ colour }) => colour ?? []));
  return [...used]
    .sort((a, b) => a - b)
    .map((colour) => `.c${colour} { fill: ${COLOURS[colour] ?? ''} }\n`)
    .join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
