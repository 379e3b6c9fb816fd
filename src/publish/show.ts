import { quote } from '../text.ts';
import { say, withEscapes, type Terminal } from '../terminal/terminal.ts';
import type { Api } from './api.ts';
import type { PartResult } from './apply.ts';
import { isDifferent, type Difference, type PublishPlan } from './plan.ts';
import type { Proof } from './proof.ts';
import type { Registration } from './registration.ts';

/** Characters of all names of plans that are shown. */
const LONGEST = 200;

/** Shows what would be sent, or will be. @param isWhole whether to show each changed line of the documentation */
export function showPlan(terminal: Terminal, plan: PublishPlan, { id }: Registration, { address, clean = String }: Api, isWhole: boolean): void {
  const { kind, service, unread, doc, permissions, isOtherCluster } = plan;
  const write = (text: string) => {
    terminal.write(withEscapes(clean(text)));
  };
  const line = (what: string, text: string) => {
    write(`  ${what.padEnd(15)} ${text}\n`);
  };
  const isSame = !isDifferent(plan) && unread.length === 0 && doc !== 'unread' && permissions !== 'unread';
  say(terminal, kind === 'create' ? `${id} is new in ${address}:` : isSame ? `${id} in ${address} is up to date.` : `${id} in ${address}:`);
  for (const change of service) line(change.what, changeText(change));
  for (const { what, after } of unread) if (after !== undefined) line(what, `? → ${after}`);
  if (unread.length > 0) line('not compared', `${unread.map(({ what }) => what).join(', ')}: only events of Tsuru show this, and some may not have been read`);
  line('password', 'sent each time: Tsuru does not show it');
  if (doc === 'unread') line('documentation', 'not compared, but sent: this token may not read it, or it has more than 1 MiB');
  else if (doc !== undefined) line('documentation', `${countOf(doc, '+')} added, ${countOf(doc, '-')} removed`);
  if (isWhole && Array.isArray(doc)) for (const text of doc) write(`    ${lineText(text)}\n`);
  if (permissions === 'unread') line('permissions', 'not compared, but sent: this token or this program cannot read them');
  else if (permissions === 'unsupported') line('permissions', 'not sent: this Tsuru has no permissions of services, which came with version 1.31 of its API');
  else for (const change of permissions ?? []) line('permissions', `${change.what} ${changeText(change)}`);
  if (isOtherCluster) line('multi-cluster', OTHER_CLUSTER);
}

/** What is to be done for what no update changes. */
export const OTHER_CLUSTER =
  'An update does not change multi-cluster in Tsuru: set it back in manifest.yaml, or remove the instances and the service (tsuru service destroy), then publish again.';

function changeText({ before, after }: Difference): string {
  if (before === undefined) return `+ ${String(after)}`;
  return after === undefined ? `- ${before}` : `${before} → ${after}`;
}

/** A line of a difference, in which escapes show the blanks at its end, and a line below it shows that there is no line end. */
function lineText(line: string): string {
  const [, text = '', blanks = '', end] = /^(..(?:.*\S)?)([^\S\n]*)(\n?)$/s.exec(line) ?? [];
  const shown = Array.from(blanks, (blank) => `\\u{${blank.charCodeAt(0).toString(16)}}`).join('');
  return `${text}${shown}${end === '' ? '\n    \\ no line end' : ''}`;
}

function countOf(lines: readonly string[], sign: string): string {
  const count = lines.filter((line) => line.startsWith(sign)).length;
  return `${count} ${count === 1 ? 'line' : 'lines'}`;
}

/** Says what came of a part. */
export function showResult(terminal: Terminal, { part, refusal }: PartResult): void {
  if (refusal === undefined) {
    say(terminal, `${terminal.green('✓')} ${part[0]?.toUpperCase() ?? ''}${part.slice(1)} sent.`);
    return;
  }
  terminal.writeError(`${terminal.red('✗')} ${withEscapes(refusal.filter((text) => text !== '').join('\n  '))}\n`);
}

/** Says whether Tsuru reaches the service. */
export function showProof(terminal: Terminal, proof: Proof): void {
  if (proof.kind === 'doubtful') say(terminal, `Warning: ${proof.warning}`);
  else if (proof.plans.length === 0) say(terminal, 'Warning: Tsuru reaches the service, but it has no plans.');
  else say(terminal, `${terminal.green('✓')} Tsuru reaches the service: plans ${proof.plans.join(', ').slice(0, LONGEST)}.`);
}

/** Says what would be done about the password. @param target the address of the Tsuru with which its change ends, if there is one */
export function showRotation(terminal: Terminal, isUnderWay: boolean, target: string | undefined): void {
  say(terminal, isUnderWay ? `A change of the password is unfinished: publish${target === undefined ? '' : ` --target ${quote(target)}, the address in .env,`} finishes it.` : 'The password would be changed.');
}
