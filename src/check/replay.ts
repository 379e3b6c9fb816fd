import { labelOf, type CheckRun } from './run.ts';
import { resultFacts } from './report/facts.ts';
import type { CheckedService } from './session.ts';

/** Every request of each check as a `curl` command, with its reply and what Tsuru makes of it, whether it passed or not. */
export function replayText({ results }: CheckRun, service: CheckedService): string {
  return results
    .map((result) => {
      const { id, encoding, outcome, problem, rule, exchanges } = resultFacts(result, service);
      return [
        `\n${labelOf(id, encoding)}: ${outcome}`,
        `  ${rule}`,
        ...(problem === '' ? [] : [`  ${problem}`]),
        ...exchanges.map(({ curl, status, body, failure, milliseconds, tsuru }, index) => {
          const reply = status === 0 ? `no reply (${failure})` : [status, body.trimEnd()].join(' ').trimEnd();
          const reading = tsuru.startsWith('Tsuru ') ? tsuru : `Tsuru: ${tsuru}`;
          return `\n${index + 1}. ${curl}\n→ ${reply} (${milliseconds} ms)\n  ${reading}`;
        }),
      ].join('\n');
    })
    .join('\n');
}
