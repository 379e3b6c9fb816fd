import { say, plainLine, type Terminal } from '../../terminal/terminal.ts';
import { hasFailed, labelOf, type Result, type CheckRun, type Watcher } from '../run.ts';
import type { CheckedService } from '../session.ts';
import { leftFacts, resultFacts, summaryOf, type ResultFacts } from './facts.ts';

/** Reports a run as it goes: the checks that failed, or every check, and on a terminal the progress. */
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

  onResult(result: Result): void {
    this.erase();
    const { terminal } = this;
    const { check, encoding, outcome } = result;
    if (hasFailed(result)) {
      this.failure(result);
    } else if (this.verbose) {
      const mark = outcome === 'passed' ? terminal.green('✓') : terminal.dim('-');
      const reason = outcome === 'passed' ? '' : terminal.dim(` ${outcome}: ${result.problem}`);
      terminal.write(`${mark} ${labelOf(check.id, encoding)}${reason}\n`);
    }
  }

  onProgress(done: number, total: number, current: string, waiting: string | undefined): void {
    this.line = `${done} of ${total} · ${current}${waiting === undefined ? '' : ` · ${waiting}`}`;
  }

  /** Prints the summary. @param report the file with the HTML page, if it was requested */
  finish(run: CheckRun, report: string | undefined): void {
    clearInterval(this.timer);
    this.erase();
    const { terminal } = this;
    const left = leftFacts(run, this.service);
    const { passed, failed, blocked, skipped, unfinished } = summaryOf(run.results);
    const counts = [
      `${passed} passed`,
      ...Object.entries(failed).flatMap(([level, count]) => (count > 0 ? [`${count} ${level} failed`] : [])),
      ...(blocked > 0 ? [`${blocked} could not be tested`] : []),
      ...(skipped > 0 ? [`${skipped} skipped`] : []),
      ...(unfinished > 0 ? [`${unfinished} not run`] : []),
    ];
    terminal.write('\n');
    if (run.ending === 'interrupted') say(terminal, 'The run was stopped.');
    if (run.ending === 'lost') say(terminal, terminal.red('The service became unreachable.'));
    if (run.ending === 'silent') {
      say(terminal, terminal.red('Too many calls got no reply in time; the remaining checks were not run.'));
    }
    say(terminal, `${counts.join(', ')} ${terminal.dim(`(${(run.milliseconds / 1000).toFixed(1)} s)`)}`);
    if (left.length > 0) {
      const count = left.length === 1 ? '1 instance' : `${left.length} instances`;
      say(terminal, terminal.red(`${count} may be left behind. To remove:`));
      for (const { name, curl } of left) terminal.write(`  # ${name}\n  ${curl}\n`);
    }
    if (report !== undefined) say(terminal, `All requests and replies are in ${report}.`);
  }

  private failure(result: Result): void {
    const { terminal, service } = this;
    const facts = resultFacts(result, service);
    const mark = facts.level === 'must' ? terminal.red('✗') : '!';
    terminal.write(`\n${mark} ${facts.level}  ${terminal.bold(labelOf(facts.id, facts.encoding))}\n`);
    for (const [title, text] of detailsOf(facts)) this.detail(title, text);
    if (!this.verbose) return;
    for (const exchange of facts.exchanges) {
      this.detail('sent', `${exchange.curl}\n→ ${replyText(exchange)}`);
    }
  }

  private detail(title: string, text: string): void {
    const [first = '', ...rest] = text.split(/\r?\n/);
    this.terminal.write(`  ${this.terminal.dim(title.padEnd(9))}${first}\n`);
    for (const line of rest.slice(0, 20)) this.terminal.write(`           ${line}\n`);
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

/** The titled details of a check that did not pass. */
export function detailsOf({ rule, problem, culprit, fix, contract }: ResultFacts): [title: string, text: string][] {
  return [
    ['rule', rule],
    ['problem', problem],
    ...(culprit === null
      ? []
      : ([
          ['request', culprit.curl],
          ['reply', replyText(culprit)],
          ['Tsuru', culprit.tsuru],
        ] as [string, string][])),
    ['fix', fix],
    ['contract', contract],
  ];
}

/** A reply as text. */
export function replyText({ status, body, failure }: { status: number; body: string; failure: string }): string {
  if (status === 0) return failure === 'timeout' ? 'none in time' : `none (${failure})`;
  return body === '' ? String(status) : `${status} ${body.trimEnd()}`;
}
