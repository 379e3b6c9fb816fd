import { createHash } from 'node:crypto';

import { byGroup } from '../check.ts';
import { hasFailed, labelOf, type CheckRun } from '../result.ts';
import type { CheckedService } from '../session.ts';
import { factsOf, type CauseFacts, type ExchangeFacts, type ResultFacts } from './facts.ts';
import { xml } from './machine.ts';
import { adviceOf, countsText, detailsOf, findingText, replyText, tsuruText, waitingText } from './words.ts';

const OUTCOMES = { failed: 'failed', blocked: 'could not be tested', skipped: 'skipped', accepted: 'accepted', unfinished: 'not run', passed: 'passed' };
const LEVELS = { must: 'must', should: 'should', may: 'may' };

const STYLE = `
:root { color-scheme: light dark; --line: #8886; --bad: #b3261e; --soft: #8a5a00; --good: #1b6e20; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --soft: #e6b35c; --good: #81c784; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } h3 { font-size: 1rem; margin: 1.5rem 0 .3rem; } li h3 { margin: 0; }
p { margin: .3rem 0; } li { margin-bottom: 1rem; }
details { border-top: 1px solid var(--line); padding: .4rem 0; } li details { border: 0; padding: 0; }
summary { cursor: pointer; }
summary b { display: inline-block; min-width: 9rem; }
.must > h3 b, .failed.must > summary b, .blocked.must > summary b { color: var(--bad); }
h3 b, .failed > summary b, .blocked > summary b { color: var(--soft); } .passed > summary b { color: var(--good); }
dt { font-weight: 600; margin-top: .4rem; } dd { margin: 0 0 0 1rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .2rem 0; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: 4px; font-size: 13px; }
form { position: sticky; top: 0; background: Canvas; border-bottom: 1px solid var(--line); padding: .5rem 0; }
fieldset { display: inline; min-width: 0; border: 0; margin: 0 1rem 0 0; padding: 0; } legend { float: left; margin-right: .5rem; font-weight: 600; }
label { margin-right: .6rem; white-space: nowrap; } input[type=search] { font: inherit; width: 16rem; max-width: 100%; }
small { opacity: .8; }
`;

/** Hides what the filter leaves out. Without it, all checks are shown, and no filter. */
const SCRIPT = `
const form = document.forms[0], count = document.querySelector('output');
const checks = [...document.querySelectorAll('.check')];
const texts = checks.map((check) => check.textContent.toLowerCase());
const filter = () => {
  const chosen = new Set([...form.querySelectorAll(':checked')].map((box) => box.value));
  const words = form.text.value.toLowerCase().split(/\\s+/);
  let shown = 0;
  checks.forEach((check, index) => {
    const { outcome, level } = check.dataset;
    check.hidden = !(chosen.has(outcome) && chosen.has(level) && words.every((word) => texts[index].includes(word)));
    if (!check.hidden) shown++;
  });
  for (const group of document.querySelectorAll('section')) group.hidden = !group.querySelector('.check:not([hidden])');
  count.value = shown + ' of ' + checks.length + ' checks';
};
form.hidden = false;
form.addEventListener('input', filter);
form.addEventListener('submit', (event) => event.preventDefault());
filter();
`;

/** What the page may load: nothing but its own style and script. */
const POLICY = () =>
  `default-src 'none'; style-src ${hashOf(STYLE)}; script-src ${hashOf(SCRIPT)}; base-uri 'none'; form-action 'none'`;

/**
 * The run as one self-contained page: the to-do list, then each check with its requests and replies, which can be filtered;
 * the details of failed checks are open. The bodies are a stranger's: they are escaped, and could load or run nothing.
 */
export function toHtml(run: CheckRun, service: CheckedService): string {
  const { url, service: id, summary, causes, left, milliseconds, ending, checks, started, generator } = factsOf(run, service);
  const title = `${xml(id)}: conformance to Tsuru's contract`;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY()}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${title}</title><style>${STYLE}</style></head><body>`,
    `<h1>${title}</h1>`,
    `<p>${xml(url)}<br>${countsText(summary)}${ending === 'complete' ? '' : `<br>The run is incomplete: ${ending}.`}<br><small><time>${started}</time>, ${(milliseconds / 1000).toFixed(1)} s, create-tsuru-service ${xml(generator)}</small></p>`,
    ...(left.length === 0
      ? []
      : ['<h2>Left behind</h2>', `<pre>${left.map(({ name, curl }) => xml(`# ${name}\n${curl}`)).join('\n')}</pre>`]),
    ...(causes.length === 0 ? [] : ['<h2>To do</h2>', '<ol>', ...causes.map(causeHtml), '</ol>']),
    '<h2>All checks</h2>',
    '<form hidden>',
    boxes('Outcome', OUTCOMES),
    boxes('Level', LEVELS),
    '<label>Text <input type="search" name="text"></label> <output></output>',
    '</form>',
    ...[...byGroup(checks)].flatMap(([group, results]) => [
      `<section><h3>${xml(group)}</h3>`,
      ...results.map(checkHtml),
      '</section>',
    ]),
    `<script>${SCRIPT}</script></body></html>`,
    '',
  ].join('\n');
}

function boxes(title: string, values: Readonly<Record<string, string>>): string {
  const labels = Object.entries(values).map(
    ([value, text]) => `<label><input type="checkbox" value="${value}" checked> ${text}</label>`,
  );
  return `<fieldset><legend>${title}</legend>${labels.join('')}</fieldset>`;
}

function causeHtml(facts: CauseFacts): string {
  const { title, level, untested, checks, findings, waiting } = facts;
  const name = (id: string) => (checks.length === 1 ? '' : ` (${xml(id)})`);
  return [
    `<li class="${level}"><h3><b>${level}</b> ${xml(title)}${untested === null ? '' : `, which ${untested}`}</h3>`,
    ...checks.map(({ id, rule }) => `<p>${xml(rule)}${name(id)}</p>`),
    ...findings.map(
      (finding) =>
        `<p>${findings.length > 1 && checks.length > 1 ? `${xml(finding.checks.join(', '))}:<br>` : ''}${xml(findingText(finding))}</p>` +
        (finding.exchange === null ? '' : exchangeHtml(finding.exchange)),
    ),
    ...adviceOf(facts).map(([heading, text]) => `<p><b>${xml(heading)}</b>: ${xml(text)}</p>`),
    ...(waiting.length === 0
      ? []
      : [`<details><summary>${waitingText(facts)}</summary>${xml(waiting.join(', '))}</details>`]),
    '</li>',
  ].join('\n');
}

function checkHtml(facts: ResultFacts): string {
  const { id, encoding, level, outcome, problem, exchanges } = facts;
  const details = hasFailed(facts)
    ? detailsOf(facts)
    : [
        ['rule', facts.rule],
        ['fix', facts.fix],
        ['contract', facts.contract],
      ];
  const reason = ['skipped', 'unfinished', 'accepted'].includes(outcome) ? ` <small>${xml(problem)}</small>` : '';
  return [
    `<details class="check ${outcome} ${level}" data-outcome="${outcome}" data-level="${level}"${outcome === 'failed' ? ' open' : ''}>`,
    `<summary><b>${OUTCOMES[outcome]}</b> ${xml(labelOf(id, encoding))} <small>${level}</small>${reason}</summary>`,
    `<dl>${details.map(([title = '', text = '']) => `<dt>${title}</dt><dd>${/^(request|reply|Tsuru)$/.test(title) ? `<pre>${xml(text)}</pre>` : xml(text)}</dd>`).join('')}</dl>`,
    ...(exchanges.length === 0
      ? []
      : [
          `<details><summary>${exchanges.length} requests</summary>${exchanges.map(exchangeHtml).join('')}</details>`,
        ]),
    '</details>',
  ].join('\n');
}

function exchangeHtml(exchange: ExchangeFacts): string {
  const reply = `→ ${replyText(exchange)} (${exchange.milliseconds} ms)\n${tsuruText(exchange.tsuru)}`;
  return `<pre>${xml(exchange.curl)}\n${xml(reply)}</pre>`;
}

/** The source expression of a policy for an inline text. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
