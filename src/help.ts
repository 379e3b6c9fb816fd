import { SWITCHES } from './command-line.ts';
import { QUESTIONS, type Question } from './questions.ts';

/** One option as `--help` and the README show it. */
export interface OptionHelp {
  usage: string;
  help: string;
  default: string;
}

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

/** The text of `--help`, for a terminal of that many columns. */
export function helpText(columns: number): string {
  const options = optionTable();
  const left = Math.max(...options.map(({ usage }) => usage.length)) + 4;
  const lines = options.flatMap(({ usage, help, default: value }) => {
    const text = value === '' ? help : `${help} (default: ${value})`;
    if (columns < left + 30) return [`  ${usage}`, ...wrap(text, columns - 6).map((line) => `      ${line}`)];
    const [first = '', ...rest] = wrap(text, columns - left);
    return [`  ${usage.padEnd(left - 2)}${first}`, ...rest.map((line) => `${' '.repeat(left)}${line}`)];
  });
  return [
    ...wrap('create-tsuru-service [directory] [options]', columns),
    '',
    ...wrap(
      'Writes a complete, tested Tsuru service API in Express, Fastify or Hono. On a terminal it asks; otherwise every answer comes from a flag, or from --yes.',
      columns,
    ),
    '',
    'Options',
    ...lines,
    '',
    'Exit codes',
    ...[
      '0 done',
      '1 failed; what was there is as it was',
      '2 wrong usage',
      '4 something stands in the way',
      '130 cancelled',
    ].flatMap((line) => wrap(line, columns - 2).map((part) => `  ${part}`)),
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
