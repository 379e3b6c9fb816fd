import { SWITCHES } from './command-line.ts';
import type { OptionHelp } from './flags.ts';
import { QUESTIONS, type Question } from './questions.ts';

/** Every option, in the order of the questions. */
export function optionTable(): OptionHelp[] {
  const from = { directory: 'my-service', packageManager: 'npm' as const };
  return [
    ...QUESTIONS.map((question) => ({
      usage: usageOf(question),
      help: question.help,
      default: defaultOf(question, from),
    })),
    ...SWITCHES.map(({ flag, short, on, help }) => ({
      usage: `${short === undefined ? '' : `-${short}, `}--${on ? 'no-' : ''}${flag}`,
      help: on ? `do not ${help}` : help,
      default: '',
    })),
  ];
}

/** The help of a command, or of the default one, for a terminal of that many columns. */
export async function helpFor(command: string | undefined, columns: number): Promise<string> {
  if (command === 'regenerate' || command === 'endpoint') return projectHelp(command, columns);
  if (command !== 'check') return helpText(columns);
  const { checkOptionTable } = await import('./check/options.ts');
  return page(columns, {
    usage: ['create-tsuru-service check <url> [options]'],
    about:
      "Makes Tsuru's calls to a service API, in whatever language it is written, and judges the answers as Tsuru reads them. What it makes it removes.",
    options: checkOptionTable(),
    exitCodes: [
      '0 every "must" holds',
      '1 one does not, or something is left behind',
      '2 wrong usage',
      '4 the service cannot be reached',
      '130 stopped',
    ],
  });
}

async function projectHelp(command: 'regenerate' | 'endpoint', columns: number): Promise<string> {
  const { projectOptionTable } = await import('./project-options.ts');
  const isRegenerate = command === 'regenerate';
  return page(columns, {
    usage: isRegenerate
      ? ['create-tsuru-service regenerate [directory] [options]']
      : [
          'create-tsuru-service endpoint add [name] [options]',
          'create-tsuru-service endpoint remove [name] [options]',
          'create-tsuru-service endpoint list',
        ],
    about: isRegenerate
      ? 'Renders a project from tsuru-service.yaml again: after an edit of it, with other answers, or with a newer version of this program. What you wrote is kept or merged, never lost.'
      : "Adds and removes the service's own routes: the record, the route, permissions.json, openapi.yaml, the README, and a handler with its test, which are yours.",
    options: projectOptionTable(command),
    exitCodes: [
      '0 done, or nothing to do',
      '1 failed; what was there is as it was',
      '2 wrong usage',
      '3 conflicts; nothing was written, unless --conflict says how',
      '4 something stands in the way',
      '5 the record or the lock is unreadable, or newer than this program',
      '6 --check found a difference',
      '130 cancelled',
    ],
  });
}

/** The help of the default command. */
export function helpText(columns: number): string {
  return page(columns, {
    usage: [
      'create-tsuru-service [directory] [options]',
      'create-tsuru-service regenerate [options]',
      'create-tsuru-service endpoint add|remove|list',
      'create-tsuru-service check <url> [options]',
    ],
    about:
      'Writes a complete, tested Tsuru service API in Express, Fastify or Hono. On a terminal it asks; otherwise every answer comes from a flag, or from --yes. In a project, "regenerate" and "endpoint" change it, and "check" makes Tsuru\'s calls to any service API: each has its own --help.',
    options: optionTable(),
    exitCodes: [
      '0 done',
      '1 failed; what was there is as it was',
      '2 wrong usage',
      '4 something stands in the way',
      '130 cancelled',
    ],
  });
}

interface Page {
  usage: readonly string[];
  about: string;
  options: readonly OptionHelp[];
  exitCodes: readonly string[];
}

function page(columns: number, { usage, about, options, exitCodes }: Page): string {
  const left = Math.max(...options.map((option) => option.usage.length)) + 4;
  const lines = options.flatMap((option) => {
    const text = option.default === '' ? option.help : `${option.help} (default: ${option.default})`;
    if (columns < left + 30) return [`  ${option.usage}`, ...wrap(text, columns - 6).map((line) => `      ${line}`)];
    const [first = '', ...rest] = wrap(text, columns - left);
    return [`  ${option.usage.padEnd(left - 2)}${first}`, ...rest.map((line) => `${' '.repeat(left)}${line}`)];
  });
  return [
    ...usage.flatMap((line) => wrap(line, columns)),
    '',
    ...wrap(about, columns),
    '',
    'Options',
    ...lines,
    '',
    'Exit codes',
    ...exitCodes.flatMap((line) => wrap(line, columns - 2).map((part) => `  ${part}`)),
    '',
  ].join('\n');
}

/** Breaks a text into lines of at most that many columns, between words. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function usageOf(question: Question): string {
  if (question.kind === 'boolean') return `--[no-]${question.flag}`;
  if (question.kind === 'choice') return `--${question.flag} ${question.choices.map(({ value }) => value).join('|')}`;
  return `--${question.flag} ${question.placeholder}${question.repeatable ? ' ...' : ''}`;
}

function defaultOf(question: Question, from: Parameters<Question['default']>[0]): string {
  if (question.key === 'name') return 'from the directory';
  if (question.key === 'packageManager') return '';
  const value = question.default(from);
  if (Array.isArray(value)) return value.map(({ name }) => name).join(', ');
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : value;
}
