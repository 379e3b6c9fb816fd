import { foldCommand, wrapHard } from '../../text.ts';
import { say, plainLine, type Terminal } from '../../terminal/terminal.ts';
import { hasFailed, labelOf, type Result, type CheckEnding, type CheckRun } from '../result.ts';
import type { Watcher } from '../run.ts';
import type { CheckedService } from '../session.ts';
import { causesOf } from './causes.ts';
import { causeFacts, leftFacts, resultFacts, summaryOf, type CauseFacts } from './facts.ts';
import { adviceOf, countsText, findingText, plainCommand, plural, replyText, skippedText, tsuruText, waitingText, withoutBody } from './words.ts';

/** Lines of a reply that are shown without --verbose. */
const REPLY_LINES = 3;

/** The same with --verbose, and for other texts. */
const MOST_LINES = 20;

const ENDINGS: Record<Exclude<CheckEnding, 'complete'>, string> = {
  interrupted: 'The run was stopped.',
  lost: 'The service became unreachable.',
  silent: 'Too many calls got no reply in time; the remaining checks were not run.',
  overdue: 'The run took longer than --max-time allows; the remaining checks were not run.',
};

/** Reports a run: on a terminal the progress as it goes, at its end the to-do list and the counts; or every check as well. */
export class Pretty implements Watcher {
  private readonly terminal: Terminal;
  private readonly service: CheckedService;
  private readonly verbose: boolean;
  private readonly start = performance.now();
  private readonly timer: NodeJS.Timeout | undefined;
  private line = '';
  private isDrawn = false;

  constructor(terminal: Terminal, service: CheckedService, verbose: boolean) {
    this.terminal = terminal;
    this.service = service;
    this.verbose = verbose;
    this.timer = terminal.canRedraw ? setInterval(this.draw, 100) : undefined;
    say(terminal, `Checking ${service.address.href} with Tsuru's calls (${service.encodings.join(' and ')} encoding).`);
  }

  /** Prints one check, with --verbose. */
  result(result: Result): void {
    this.erase();
    if (!this.verbose) return;
    const { terminal } = this;
    const { id, encoding, level, outcome, problem, waitsFor, exchanges } = resultFacts(result, this.service);
    const mark = outcome === 'passed' ? terminal.green('✓') : outcome === 'failed' ? terminal.red('✗') : terminal.dim('-');
    const wait = waitsFor === null ? '' : ` It waits for ${waitsFor}.`;
    const reason = outcome === 'passed' ? '' : `: ${outcome} (${level}). ${problem}${wait}`;
    const [first = '', ...rest] = this.wrapped(`${labelOf(id, encoding)}${reason}`, 2);
    terminal.write(`${mark} ${first}\n`);
    for (const text of rest) terminal.write(`  ${text}\n`);
    if (!hasFailed(result)) return;
    for (const exchange of exchanges) {
      this.command(exchange.curl, 2);
      this.paragraph(`→ ${replyText(exchange)}`, 2, MOST_LINES);
    }
  }

  onProgress(done: number, total: number, current: string, waiting: string | undefined): void {
    this.line = `${done} of ${total} · ${current}${waiting === undefined ? '' : ` · ${waiting}`}`;
  }

  /** Ends the display of the progress. */
  stop(): void {
    clearInterval(this.timer);
    this.erase();
  }

  /** Prints the to-do list and the summary. @param report the file with the HTML page, if it was requested */
  finish(run: CheckRun, report: string | undefined): void {
    this.stop();
    const { terminal } = this;
    const left = leftFacts(run, this.service);
    const causes = causesOf(run.results);
    if (causes.length > 0) terminal.write(`\n${terminal.bold('To do')}\n`);
    for (const [index, cause] of causes.entries()) {
      if (index > 0) terminal.write('\n');
      this.cause(index + 1, causeFacts(cause, this.service));
    }
    terminal.write('\n');
    if (run.ending !== 'complete') {
      const text = ENDINGS[run.ending];
      for (const line of this.wrapped(text, 0)) terminal.write(`${run.ending === 'interrupted' ? line : terminal.red(line)}\n`);
    }
    say(terminal, `${countsText(summaryOf(run.results))} (${(run.milliseconds / 1000).toFixed(1)} s)`);
    for (const line of this.wrapped(skippedText(run.results), 0)) if (line !== '') say(terminal, line);
    if (left.length > 0) {
      say(terminal, terminal.red(`${plural(left.length, 'instance')} may be left behind. To remove:`));
      for (const { name, curl } of left) terminal.write(`  # ${plainLine(name, terminal.columns - 4)}\n  ${curl}\n`);
    }
    if (report !== undefined) say(terminal, `All requests and replies are in ${report}.`);
  }

  private cause(number: number, facts: CauseFacts): void {
    const { terminal, verbose } = this;
    const { title, level, untested, checks, findings, waiting } = facts;
    const [only] = checks;
    const start = `${number}. `;
    const indent = start.length;
    const state = untested === null ? '' : `, which ${untested}`;
    const rule = checks.length === 1 && only !== undefined ? `: ${only.rule}` : '';
    const [first = '', ...rest] = this.wrapped(`${level}  ${title}${state}${rule}`, indent);
    const mark = level === 'must' ? terminal.red(level) : level;
    terminal.write(`${start}${mark}${terminal.bold(first.slice(level.length))}\n`);
    for (const line of rest) terminal.write(`${' '.repeat(indent)}${terminal.bold(line)}\n`);
    const say = (text: string, most = MOST_LINES) => {
      this.paragraph(text, indent, most);
    };
    if (rule === '') for (const check of checks) say(`${check.id}: ${check.rule}`);
    for (const finding of findings) {
      const { checks: labels, exchange } = finding;
      if (findings.length > 1 && checks.length > 1) say(`${labels.join(', ')}:`);
      say(findingText(finding));
      if (exchange === null) continue;
      this.command(exchange.curl, indent);
      say(`→ ${replyText(exchange)}`, verbose ? MOST_LINES : REPLY_LINES);
      say(tsuruText(verbose ? exchange.tsuru : withoutBody(exchange)), verbose ? MOST_LINES : REPLY_LINES);
    }
    for (const [heading, text] of adviceOf(facts)) say(`${heading}: ${text}`);
    if (waiting.length > 0) say(waitingText(facts));
    if (waiting.length > 0 && verbose) say(waiting.join(', '));
  }

  /** Writes a text of the service's or of our own, wrapped and indented, up to a number of lines. */
  private paragraph(text: string, indent: number, most: number): void {
    const lines = this.wrapped(text, indent);
    if (lines.length > most) lines.splice(most - 1, Infinity, `${(lines[most - 1] ?? '').slice(0, this.width(indent) - 2)} …`);
    for (const line of lines) this.terminal.write(`${' '.repeat(indent)}${line}\n`);
  }

  /** The lines of a text without control characters, for the columns that an indentation leaves. */
  private wrapped(text: string, indent: number): string[] {
    const plain = text.split(/\r?\n/).map((line) => plainLine(line, line.length).trimEnd());
    return plain.flatMap((line) => wrapHard(line, this.width(indent)));
  }

  private width(indent: number): number {
    return Math.max(this.terminal.columns - indent, 20);
  }

  /** Writes a shell command; on a terminal it continues over several lines. */
  private command(text: string, indent: number): void {
    const plain = plainCommand(text);
    const lines = this.terminal.canRedraw ? foldCommand(plain, this.width(indent + 2)) : [plain];
    for (const [index, line] of lines.entries()) this.terminal.write(`${' '.repeat(index > 0 ? indent + 2 : indent)}${line}\n`);
  }

  private readonly draw = (): void => {
    this.erase();
    const seconds = ((performance.now() - this.start) / 1000).toFixed(1);
    const line = plainLine(`… ${this.line} (${seconds} s)`, this.terminal.columns - 1);
    this.terminal.write(`${this.terminal.dim(line)}\n`);
    this.isDrawn = true;
  };

  private erase(): void {
    if (this.isDrawn) this.terminal.write('\x1b[1A\x1b[0J');
    this.isDrawn = false;
  }
}
