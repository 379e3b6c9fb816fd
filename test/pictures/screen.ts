import xterm, { type IBufferCell } from '@xterm/headless';

/** Characters beside each other that look the same. */
export interface Run extends Look {
  text: string;
}

/** How a character looks. */
interface Look {
  isBold: boolean;
  isDim: boolean;
  isUnderlined: boolean;
  /** One of the terminal's 16 colours; undefined for its default. */
  colour: number | undefined;
}

/** Enough for any run that is shown. */
const MOST_LINES = 10_000;

/** What a terminal of that width shows after a program wrote this: its lines, without empty ones at the end. */
export async function screenAfter(output: string, columns: number): Promise<Run[][]> {
  const terminal = new xterm.Terminal({ cols: columns, rows: 40, scrollback: MOST_LINES, allowProposedApi: true });
  await new Promise<void>((resolve) => {
    terminal.write(output, resolve);
  });
  const { active } = terminal.buffer;
  const lines = Array.from({ length: active.length }, (_, y) => {
    const line = active.getLine(y);
    const end = line?.translateToString(true).length ?? 0;
    return runsOf(Array.from({ length: end }, (__, x) => line?.getCell(x)).filter((cell) => cell !== undefined));
  });
  return lines.slice(0, lines.findLastIndex((line) => line.length > 0) + 1);
}

/** The text of a line, without its look. */
export function textOf(line: readonly Run[]): string {
  return line.map(({ text }) => text).join('');
}

function runsOf(cells: readonly IBufferCell[]): Run[] {
  const runs: Run[] = [];
  for (const cell of cells) {
    const look = lookOf(cell);
    const text = cell.getChars() || ' ';
    const last = runs.at(-1);
    if (last !== undefined && isSameLook(last, look)) last.text += text;
    else runs.push({ text, ...look });
  }
  return runs;
}

function lookOf(cell: IBufferCell): Look {
  return {
    isBold: cell.isBold() !== 0,
    isDim: cell.isDim() !== 0,
    isUnderlined: cell.isUnderline() !== 0,
    colour: cell.isFgPalette() ? cell.getFgColor() : undefined,
  };
}

function isSameLook(a: Look, b: Look): boolean {
  return a.isBold === b.isBold && a.isDim === b.isDim && a.isUnderlined === b.isUnderlined && a.colour === b.colour;
}
