import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { ENDPOINT_SCOPES, EXAMPLE_ENDPOINT, METHODS, type EndpointAnswer } from '../../src/answers/answers.ts';
import { endpointsProblem } from '../../src/answers/endpoints.ts';
import { QUESTIONS, withDefaults, type Question } from '../../src/answers/questions.ts';
import { ENDPOINT_ADD } from '../../src/terminal/commands.ts';

const FILE = new URL('../../docs/record.md', import.meta.url).pathname;
const EXAMPLE = new URL('../../examples/fastify/tsuru-service.yaml', import.meta.url);

/** A text that no question with a rule takes. */
const REFUSED = '\u0001';

const ABOUT = `# The record

\`tsuru-service.yaml\` in a project has the answers that the project was made from. Edit it, or let \`regenerate --set\` and \`endpoint\` edit it:
they change only the lines that they have to, and keep your comments, order and layout. Then \`regenerate\` brings the project in line
with it. Commit it, together with \`.tsuru-service/\`, which has the files as they were generated.

An unknown key, a value of the wrong type or a broken rule is an error with the exit code 5 that names the file and the key. YAML anchors
and aliases are read; an edit that would change more than one answer because of them is refused.

## Keys

All keys but \`version\` may be left out; they then have their default. [Options](options.md) lists the option of each.
`;

const ENDPOINTS = `## endpoints

A list of the service's own routes; without it, there are none. A new project has \`usage\` as an example.
\`endpoint add\` and \`endpoint remove\` edit this list, and so can you. Only \`scope\` has a default; \`action\` is for the scope \`instance\`.
`;

const REST = `In addition, no two endpoints may have the same name, the same action in an instance, or the same method and path in one scope; and of two
paths that overlap, one must be more specific.
`;

/** A key, as a section of its own: a table would be too wide for a phone. */
function section(key: string, type: string, value: string, meaning: string): string {
  return [`### \`${key}\``, '', meaning.replaceAll('<', '\\<'), '', `- Type: ${type}`, `- Default: ${value}`, ''].join('\n');
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.:]$/.test(text) ? '' : '.'}`;

function typeOf(question: Question): string {
  if (question.kind === 'boolean') return '`true` or `false`';
  if (question.kind === 'choice') return question.choices.map(({ value }) => `\`${value}\``).join(', ');
  return question.repeatable ? 'a list of items with `name` and `description`' : 'text';
}

/** The rule of a text, from the message of the question itself. */
function ruleOf(question: Question): string {
  if (question.kind !== 'text' || question.repeatable) return '';
  try {
    question.parse([REFUSED]);
    return '';
  } catch (error) {
    return sentence(`it ${(error as Error).message}`);
  }
}

function meaningOf(question: Question): string {
  const choices = question.kind === 'choice' && question.choices.some(({ title }) => title.includes(':')) ? question.choices : [];
  const explained = choices.map(({ value, title }) => `\`${value}\`: ${title.replace(/^[^:]*: /, '')}.`);
  const help = sentence(question.help.replace(/ \(default: .*\)/, ''));
  const { explanation = help } = question;
  // The explanation of a text adds to its help, that of choices and of plans says the same in more words.
  const isAdded = question.kind === 'text' && !question.repeatable && explanation !== help;
  return [...(isAdded ? [help] : []), explanation, ruleOf(question), ...explained].filter((text) => text !== '').join(' ');
}

function answerSections(): string[] {
  const defaults = withDefaults({}, { directory: 'my-service', packageManager: 'npm' });
  return QUESTIONS.map((question) => {
    const value = defaults[question.key];
    const shown = Array.isArray(value) ? value.map(({ name }) => name).join(', ') : String(value);
    return section(question.key, typeOf(question), shown === '' ? 'empty' : `\`${shown}\``, meaningOf(question));
  });
}

/** Why an endpoint with such a part is refused, without the part itself. */
function ruleOfEndpoint(part: Partial<EndpointAnswer>): string {
  const problem = endpointsProblem([{ ...EXAMPLE_ENDPOINT, ...part }], 'fastify') ?? '';
  return problem.replace(/^.*?(needs|; )/, (_, start: string) => (start === 'needs' ? 'it needs' : ''));
}

function endpointSections(): string[] {
  const { method, path, scope, action, description } = ENDPOINT_ADD.options;
  const codes = (values: readonly string[]) => values.map((value) => `\`${value}\``).join(', ');
  const sectionOf = (key: string, type: string, value: string, ...meaning: string[]) => section(`endpoints[].${key}`, type, value, meaning.map(sentence).join(' '));
  return [
    sectionOf('name', 'text', 'none', 'the name of the endpoint and of its file in `src/endpoints/`', ruleOfEndpoint({ name: REFUSED })),
    sectionOf('method', codes(METHODS), 'none', method.help),
    sectionOf('path', 'text', 'none', path.help, ruleOfEndpoint({ path: '' })),
    sectionOf('scope', codes(ENDPOINT_SCOPES), '`instance`', scope.help),
    sectionOf('action', 'text', 'none', action.help, ruleOfEndpoint({ action: '' })),
    sectionOf('description', 'text', 'none', description.help, ruleOfEndpoint({ description: '' })),
  ];
}

/** `npx vitest run --project unit test/answers/record-document.test.ts --update` writes the file. */
it('documents every key of the record in docs/record.md', async () => {
  const example = ['## An example', '', '```yaml', readFileSync(EXAMPLE, 'utf8').trimEnd(), '```', ''].join('\n');
  const version = section('version', '`1`', 'none', 'The version of this format.');
  const parts = [ABOUT, version, ...answerSections(), ENDPOINTS, ...endpointSections(), REST, example];
  await expect(parts.join('\n')).toMatchFileSnapshot(FILE);
});
