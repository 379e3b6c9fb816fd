import { plainLine } from '../../terminal/terminal.ts';
import type { Result } from '../result.ts';
import type { CauseFacts, ExchangeFacts, ResultFacts, Summary } from './facts.ts';

/** The titled details of a check that did not pass. */
export function detailsOf({ rule, problem, waitsFor, culprit, fix, contract }: ResultFacts): [title: string, text: string][] {
  return [
    ['rule', rule],
    ['problem', problem],
    ...(waitsFor === null ? [] : ([['waits for', waitsFor]] as [string, string][])),
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

/** A reply as text, after the redirects that led to it. */
export function replyText({ status, body, failure, isTooLong, hops }: ExchangeFacts): string {
  const way = hops.map((hop) => `${hop.status} to ${hop.location} → `).join('');
  if (status === 0) return `${way}${failure === 'timeout' ? 'none in time' : `none (${failure})`}`;
  return [`${way}${status}`, ...(isTooLong ? ['(more than 1 MiB)'] : []), body.trimEnd()].join(' ').trimEnd();
}

/** The problem of a finding, after its request: `POST /resources (json): The create got a 415.` */
export function findingText({ exchange, encoding, problem }: CauseFacts['findings'][number]): string {
  if (exchange === null) return problem;
  const way = `${exchange.method} ${exchange.path}`;
  const suffix = encoding === null ? '' : ` (${encoding})`;
  return problem.startsWith(`${way} `) ? `${way}${suffix}${problem.slice(way.length)}` : `${way}${suffix}: ${problem}`;
}

/** What Tsuru makes of a reply, with it as the subject. */
export function tsuruText(text: string): string {
  return text.startsWith('Tsuru ') ? text : `Tsuru: ${text}`;
}

/** What Tsuru makes of a reply, without repeating a longer body. */
export function withoutBody({ tsuru, body }: ExchangeFacts): string {
  return body.length > 20 ? tsuru.replace(body.trimEnd(), () => '…') : tsuru;
}

/** What to do about a cause: titled sentences. */
export function adviceOf({ untested, checks, hint }: CauseFacts): [title: string, text: string][] {
  if (untested === 'passed') return [['Note', 'the same call succeeded at another time: the service is slow, or changes its mind.']];
  const fixes = checks.map(({ id, fix }): [string, string] => [checks.length === 1 ? 'Fix' : `Fix (${id})`, fix]);
  return hint === null ? fixes : [...fixes, [`Hint (${hint.stack})`, hint.text]];
}

/** How many checks wait for a cause, as a sentence. */
export function waitingText({ waiting, waitingMusts }: CauseFacts): string {
  const musts = waitingMusts > 0 && waitingMusts < waiting.length ? ` (${waitingMusts} must)` : '';
  return `${plural(waiting.length, 'check')}${musts} ${waiting.length === 1 ? 'waits' : 'wait'} for this.`;
}

/** A number with its noun. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A command without control characters, except the ends of lines. */
export function plainCommand(command: string): string {
  return command.split('\n').map((line) => plainLine(line, line.length)).join('\n');
}

/** How many checks ended in each way, such as `12 passed, 1 must failed, 3 skipped`. */
export function countsText({ passed, failed, blocked, accepted, skipped, unfinished }: Summary): string {
  const counts: [number, string][] = [
    ...Object.entries(failed).map(([level, count]): [number, string] => [count, `${level} failed`]),
    [blocked, 'could not be tested'],
    [accepted, 'accepted'],
    [skipped, 'skipped'],
    [unfinished, 'not run'],
  ];
  return [`${passed} passed`, ...counts.flatMap(([count, text]) => (count > 0 ? [`${count} ${text}`] : []))].join(', ');
}

/** The number of skipped checks from which their reason is worth a line. */
const MANY = 5;

/** Why many checks were skipped for one reason; `''` if that is not so. */
export function skippedText(results: readonly Result[]): string {
  const reasons = results.flatMap(({ outcome, problem }) => (outcome === 'skipped' ? [problem] : []));
  const common = [...new Set(reasons)].map((reason) => [reasons.filter((one) => one === reason).length, reason] as const);
  return common.flatMap(([count, reason]) => (count < MANY ? [] : [`${count} of them were skipped because ${reason}.`])).join(' ');
}
