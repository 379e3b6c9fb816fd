import { plainLine, type Terminal } from '../terminal/terminal.ts';
import { foldCommand, wrapHard } from '../text.ts';
import { resultFacts } from './report/facts.ts';
import { plainCommand, replyText, tsuruText } from './report/words.ts';
import { labelOf, type CheckRun } from './result.ts';
import type { CheckedService } from './session.ts';

/** Writes every request of each check as a `curl` command, with its reply and what Tsuru makes of it, passed or not. */
export function writeReplay(terminal: Terminal, { results }: CheckRun, service: CheckedService): void {
  const { columns, canRedraw } = terminal;
  const write = (text: string, lines = wrapHard(plainLine(text, text.length), columns - 2)) => {
    terminal.write(lines.map((line) => `  ${line}\n`).join(''));
  };
  for (const result of results) {
    const { id, encoding, outcome, problem, rule, exchanges } = resultFacts(result, service);
    terminal.write(`\n${terminal.bold(labelOf(id, encoding))}: ${outcome}\n`);
    write(rule);
    if (problem !== '') write(problem);
    for (const [index, exchange] of exchanges.entries()) {
      const command = plainCommand(`${index + 1}. ${exchange.curl}`);
      terminal.write('\n');
      // On a terminal it continues over several lines; elsewhere it is one, for another program.
      write('', canRedraw ? foldCommand(command, columns - 2) : [command]);
      for (const line of `→ ${replyText(exchange)}`.split(/\r?\n/)) write(line);
      write(`${tsuruText(exchange.tsuru)} (${exchange.milliseconds} ms)`);
    }
  }
}
