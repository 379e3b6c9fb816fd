import { METHODS } from '../answers/endpoints.ts';
import { nearest } from '../text.ts';
import { questionOptions, type Option } from './options.ts';

/** What can be run, and what it takes: the one source of the flags, `--help` and the README's tables. */
export interface Command {
  /** As it is typed; the default command has none. */
  name: string;
  /** What may follow its name, as its help shows it. */
  argument: string;
  about: string;
  options: readonly Option[];
  exitCodes: readonly string[];
}

/** What to do with a file that both sides changed in the same place. */
export const CONFLICT_WAYS = ['fail', 'inline', 'theirs-file'] as const;

/** What `check` prints. */
export const FORMATS = ['pretty', 'json', 'junit', 'tap'] as const;

const EVERYWHERE: readonly Option[] = [
  { flag: 'help', short: 'h', help: 'show this text' },
  { flag: 'version', short: 'v', help: 'show the version' },
];

const WRITING: readonly Option[] = [
  { flag: 'dry-run', help: 'show the changes as a diff, and write nothing' },
  { flag: 'check', help: 'write nothing, and end with 6 when anything would change' },
  { flag: 'json', help: 'print what changes as JSON' },
  {
    flag: 'conflict',
    placeholder: CONFLICT_WAYS.join('|'),
    help: 'what becomes of a file that both sides changed in the same place',
  },
  { flag: 'allow-dirty', help: 'change files that have changes which are not committed' },
  { flag: 'install', negatable: 'on', help: 'do not install the dependencies when they changed' },
];

const EXIT_CODES_OF_A_PROJECT = [
  '0 done, or nothing to do',
  '1 failed; what was there is as it was',
  '2 wrong usage',
  '3 conflicts; nothing was written, unless --conflict says how',
  '4 something stands in the way',
  '5 the record or the lock is unreadable, or newer than this program',
  '6 --check found a difference',
  '130 cancelled',
];

export const CREATE: Command = {
  name: '',
  argument: '[directory]',
  about:
    'Writes a complete, tested Tsuru service API in Express, Fastify or Hono. On a terminal it asks; otherwise every answer comes from a flag, or from --yes. Given again after a stop, it goes on from there. In a project, "regenerate" and "endpoint" change it, and "check" makes Tsuru\'s calls to any service API: each has its own --help.',
  options: [
    ...questionOptions(),
    { flag: 'install', negatable: 'on', help: 'do not install the dependencies' },
    { flag: 'verify', negatable: 'on', help: 'do not check the types and run the tests of the new project' },
    { flag: 'git', negatable: 'on', help: 'do not make a git repository with a first commit' },
    {
      flag: 'overwrite',
      help: 'write into a directory that is not empty; what is replaced is kept in .tsuru-service/backup',
    },
    { flag: 'dry-run', help: 'show what would be written, and write nothing' },
    { flag: 'yes', short: 'y', help: 'take the default of every question that no flag answers' },
    ...EVERYWHERE,
  ],
  exitCodes: [
    '0 done',
    '1 failed; it says what is done, and what is not',
    '2 wrong usage',
    '4 something stands in the way',
    '130 cancelled',
  ],
};

export const REGENERATE: Command = {
  name: 'regenerate',
  argument: '[directory]',
  about:
    'Renders a project from tsuru-service.yaml again: after an edit of it, with other answers, or with a newer version of this program. What you wrote is kept or merged, never lost.',
  options: [
    { flag: 'set', placeholder: 'key=value', repeatable: true, help: 'change an answer, such as framework=hono' },
    { flag: 'restore', placeholder: 'PATH', repeatable: true, help: 'bring back a file as it is made' },
    ...WRITING,
    ...EVERYWHERE,
  ],
  exitCodes: EXIT_CODES_OF_A_PROJECT,
};

const ABOUT_ENDPOINTS =
  "Adds and removes the service's own routes: the record, the route, permissions.json, openapi.yaml, the README, and a handler with its test, which are yours.";

/** What the three commands below stand under; by itself it has only its help. */
export const ENDPOINT: Command = {
  name: 'endpoint',
  argument: 'add|remove|list',
  about: ABOUT_ENDPOINTS,
  options: EVERYWHERE,
  exitCodes: EXIT_CODES_OF_A_PROJECT,
};

export const ENDPOINT_ADD: Command = {
  name: 'endpoint add',
  argument: '[name]',
  about: ABOUT_ENDPOINTS,
  options: [
    { flag: 'method', placeholder: METHODS.join('|'), help: 'the method of its requests (GET)' },
    { flag: 'path', placeholder: '/path/{id}', help: 'the path below an instance (from the name)' },
    { flag: 'action', placeholder: 'name', help: 'what Tsuru grants to roles (from the name and the method)' },
    { flag: 'description', placeholder: 'text', help: 'what it does, in one line' },
    ...WRITING,
    ...EVERYWHERE,
  ],
  exitCodes: EXIT_CODES_OF_A_PROJECT,
};

export const ENDPOINT_REMOVE: Command = {
  name: 'endpoint remove',
  argument: '[name]',
  about: 'Takes a route away. Its handler and the test of it are yours, and stay.',
  options: [...WRITING, ...EVERYWHERE],
  exitCodes: EXIT_CODES_OF_A_PROJECT,
};

export const ENDPOINT_LIST: Command = {
  name: 'endpoint list',
  argument: '',
  about: "Shows the service's own routes.",
  options: EVERYWHERE,
  exitCodes: ['0 done', '2 wrong usage', '5 the record or the lock is unreadable, or newer than this program'],
};

export const CHECK: Command = {
  name: 'check',
  argument: '<url>',
  about:
    "Makes Tsuru's calls to a service API, in whatever language it is written, and judges the answers as Tsuru reads them. What it makes it removes.",
  options: [
    {
      flag: 'manifest',
      placeholder: 'FILE',
      help: 'a manifest to take id, user, password, endpoint and multi-cluster from',
    },
    { flag: 'username', placeholder: 'NAME', help: 'the user name of the service', default: '$SERVICE_USERNAME' },
    { flag: 'password', placeholder: 'TEXT', help: 'its password; it is never printed', default: '$SERVICE_PASSWORD' },
    { flag: 'encoding', placeholder: 'form|json|both', help: 'how the calls are encoded', default: 'form' },
    { flag: 'plan', placeholder: 'NAME', help: 'the plan to create instances with', default: 'the first one' },
    { flag: 'parameter', placeholder: 'key=value', repeatable: true, help: 'a parameter that every create is sent' },
    { flag: 'multi-cluster', help: 'send the headers of a pool and its cluster, and check them' },
    {
      flag: 'timeout',
      placeholder: 'SECONDS',
      help: 'the longest wait for an answer, and for a pending instance',
      default: '60',
    },
    { flag: 'only', placeholder: 'ID', repeatable: true, help: 'run these checks, or groups of checks, only' },
    { flag: 'skip', placeholder: 'ID', repeatable: true, help: 'leave out these checks, or groups of checks' },
    { flag: 'format', placeholder: FORMATS.join('|'), help: 'what is printed', default: 'pretty' },
    { flag: 'report', placeholder: 'FILE', help: 'write a page of HTML with every check, its requests and answers' },
    { flag: 'verbose', help: 'show every check, and the requests of those that did not pass' },
    { flag: 'list', help: 'print the checks, and make none' },
    ...EVERYWHERE,
  ],
  exitCodes: [
    '0 every "must" holds',
    '1 one does not, or something is left behind',
    '2 wrong usage',
    '4 the service cannot be reached',
    '130 stopped',
  ],
};

/** Every command, the default one first. */
export const COMMANDS: readonly Command[] = [
  CREATE,
  REGENERATE,
  ENDPOINT,
  ENDPOINT_ADD,
  ENDPOINT_REMOVE,
  ENDPOINT_LIST,
  CHECK,
];

/** The command that arguments begin with: the one with the longest name; the default one for any other word. */
export function commandIn(argv: readonly string[]): Command {
  const words = [argv.slice(0, 2).join(' '), argv[0]];
  return words.flatMap((word) => COMMANDS.find(({ name }) => name === word && name !== '') ?? []).at(0) ?? CREATE;
}

/** Words that are given as commands and are none, with what is meant. */
const MISTAKEN: ReadonlyMap<string, string> = new Map([
  ['help', '--help'],
  ['version', '--version'],
  ['add', 'endpoint add'],
  ['remove', 'endpoint remove'],
  ['list', 'endpoint list'],
]);

/**
 * The command that a word was meant as, which stands where a directory does.
 * @returns undefined for a word that is none, and for a path, such as `./check`
 */
export function commandMeant(word: string): string | undefined {
  const typed = word.toLowerCase();
  const names = COMMANDS.map(({ name }) => name).filter((name) => name !== '' && !name.includes(' '));
  const isBeginning = (name: string) => typed.length >= 5 && name.startsWith(typed);
  return names.find(isBeginning) ?? MISTAKEN.get(typed) ?? nearest(typed, names);
}
