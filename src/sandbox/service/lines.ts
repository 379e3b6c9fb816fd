import { plainLine } from '../../terminal/terminal.ts';

/** Characters of a line that are shown. */
const LONGEST = 10_000;

/** Takes pieces of output, and tells each line of it that is not blank, without control sequences. A line that does not end is told in parts. */
export function lineReader(tell: (line: string) => void): (piece: string) => void {
  let rest = '';
  return (piece) => {
    const lines = (rest + piece).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') tell(plainLine(line, LONGEST));
    if (rest.length <= LONGEST) return;
    tell(plainLine(rest, LONGEST));
    rest = '';
  };
}
