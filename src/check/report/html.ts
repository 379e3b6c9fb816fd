import { byGroup } from '../check.ts';
import { hasFailed, labelOf, type CheckRun } from '../run.ts';
import type { CheckedService } from '../session.ts';
import { factsOf, type ExchangeFacts, type ResultFacts } from './facts.ts';
import { xml } from './machine.ts';
import { replyText, detailsOf } from './words.ts';

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --bad: #c0392b; --soft: #b7791f; --good: #2e7d32; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
details { border-top: 1px solid var(--line); padding: .4rem 0; }
summary { cursor: pointer; }
summary b { display: inline-block; min-width: 5.5rem; }
.failed.must b, .blocked.must b { color: var(--bad); } .failed b, .blocked b { color: var(--soft); } .passed b { color: var(--good); }
dt { font-weight: 600; margin-top: .4rem; } dd { margin: 0 0 0 1rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .2rem 0; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: 4px; font-size: 13px; }
small { opacity: .7; }
`;

/** The run as one self-contained page: each check with its requests and replies; the details of failed checks are open. */
export function toHtml(run: CheckRun, service: CheckedService): string {
  const { url, service: id, summary, left, milliseconds, ending, checks } = factsOf(run, service);
  const { failed } = summary;
  const counts = `${summary.passed} passed, ${failed.must} must, ${failed.should} should and ${failed.may} may failed, ${summary.blocked} could not be tested, ${summary.skipped} skipped, ${summary.unfinished} not run`;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${xml(id)}: conformance to Tsuru's contract</title><style>${STYLE}</style></head><body>`,
    `<h1>${xml(id)}: conformance to Tsuru's contract</h1>`,
    `<p>${xml(url)}<br>${counts}${ending === 'complete' ? '' : `<br>The run is incomplete: ${ending}.`}<br><small>${(milliseconds / 1000).toFixed(1)} s</small></p>`,
    ...(left.length === 0
      ? []
      : ['<h2>Left behind</h2>', `<pre>${left.map(({ name, curl }) => xml(`# ${name}\n${curl}`)).join('\n')}</pre>`]),
    ...[...byGroup(checks)].flatMap(([group, results]) => [`<h2>${xml(group)}</h2>`, ...results.map(checkHtml)]),
    '</body></html>',
    '',
  ].join('\n');
}

function checkHtml(facts: ResultFacts): string {
  const isOpen = hasFailed(facts);
  const details = isOpen
    ? detailsOf(facts)
    : [
        ['rule', facts.rule],
        ['fix', facts.fix],
        ['contract', facts.contract],
      ];
  const reason =
    facts.outcome === 'skipped' || facts.outcome === 'unfinished' ? ` <small>${xml(facts.problem)}</small>` : '';
  return [
    `<details class="${facts.outcome} ${facts.level}"${isOpen ? ' open' : ''}>`,
    `<summary><b>${facts.outcome}</b> ${xml(labelOf(facts.id, facts.encoding))} <small>${facts.level}</small>${reason}</summary>`,
    `<dl>${details.map(([title = '', text = '']) => `<dt>${title}</dt><dd>${/^(request|reply|Tsuru)$/.test(title) ? `<pre>${xml(text)}</pre>` : xml(text)}</dd>`).join('')}</dl>`,
    ...(facts.exchanges.length === 0
      ? []
      : [
          `<details><summary>${facts.exchanges.length} requests</summary>${facts.exchanges.map(exchangeHtml).join('')}</details>`,
        ]),
    '</details>',
  ].join('\n');
}

function exchangeHtml(exchange: ExchangeFacts): string {
  const reply = `→ ${replyText(exchange)} (${exchange.milliseconds} ms)\n${exchange.tsuru}`;
  return `<pre>${xml(exchange.curl)}\n${xml(reply)}</pre>`;
}
