import { stripVTControlCharacters, styleText } from 'node:util';

import { wrap } from '../text.ts';

/** The output of the program, and its capabilities. */
export interface Terminal {
  /** The width in columns; 100 for a pipe. */
  columns: number;
  /** Whether lines can be overwritten. */
  canRedraw: boolean;
  write(text: string): void;
  writeError(text: string): void;
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  red(text: string): string;
}

/** The parts of a stream that are used here. */
export interface OutputStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** Detects the capabilities of a terminal from its streams and the environment: NO_COLOR, FORCE_COLOR, TERM. */
export function terminalOf(output: OutputStream, errors: OutputStream, environment: NodeJS.ProcessEnv): Terminal {
  const isDumb = environment['TERM'] === 'dumb';
  const isOn = (name: string) => (environment[name] ?? '') !== '';
  const hasColour = !isOn('NO_COLOR') && (isOn('FORCE_COLOR') || (output.isTTY === true && !isDumb));
  const style = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    hasColour ? styleText(format, text, { validateStream: false }) : text;
  return {
    columns: output.isTTY === true && output.columns ? output.columns : 100,
    canRedraw: output.isTTY === true && !isDumb,
    write: (text) => void output.write(text),
    writeError: (text) => void errors.write(text),
    bold: style('bold'),
    dim: style('dim'),
    green: style('green'),
    red: style('red'),
  };
}

/** Writes a sentence, wrapped at the width of the terminal. */
export function say(terminal: Terminal, text: string): void {
  terminal.write(`${wrap(text, terminal.columns).join('\n')}\n`);
}

/** Writes two columns; on a narrow terminal, the second one below the first. */
export function sayTable(terminal: Terminal, rows: readonly (readonly [string, string])[]): void {
  const left = Math.max(...rows.map(([key]) => key.length)) + 2;
  const right = terminal.columns - left - 2;
  for (const [key, value] of rows) {
    if (right < 24) {
      terminal.write(`  ${terminal.dim(key)}\n`);
      for (const line of wrap(value, terminal.columns - 4)) terminal.write(`    ${line}\n`);
      continue;
    }
    const [first = '', ...rest] = wrap(value, right);
    terminal.write(`  ${terminal.dim(key.padEnd(left))}${first}\n`);
    for (const line of rest) terminal.write(`  ${' '.repeat(left)}${line}\n`);
  }
}

/** A text with escapes such as `\u{1b}` for what is not seen, or moves or turns the rest; tabs and line ends stay. */
export function withEscapes(text: string): string {
  return text.replace(/(?![\n\t]|\r\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (sign) => `\\u{${sign.codePointAt(0)?.toString(16) ?? ''}}`);
}

/**
 * A line of another program's output without control sequences, truncated to a width.
 * @param clean hides secrets: after what split them is gone, and before they are cut
 */
export function plainLine(text: string, columns: number, clean: (text: string) => string = String): string {
  return withEscapes(clean(stripVTControlCharacters(text).replace(/\p{Cc}/gu, ' '))).slice(0, Math.max(columns, 0));
}
