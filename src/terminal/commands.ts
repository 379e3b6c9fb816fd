import { ENCODINGS, ENDPOINT_SCOPES, METHODS } from '../answers/answers.ts';
import { nearest } from '../text.ts';
import type { Encoding } from '../tsuru/encoding.ts';
import { ANSWER_OPTIONS, parseSettings } from './answer-options.ts';
import { choice, text, texts, type OptionTable, type PathKind } from './options.ts';

/** A command: the single source of its argument parser, its help, its completion, and its tables in the README. */
export interface Command<Options extends OptionTable = OptionTable> {
  /** As it is typed; empty for the default command. */
  name: string;
  about: string;
  /** The positional argument. */
  argument?: Argument;
  options: Options;
  /** Whole command lines. None has a blank inside quotes: the help breaks them at blanks. */
  examples: readonly string[];
  exitCodes: readonly string[];
}

interface Argument {
  /** As the help shows it. */
  usage: string;
  /** Its name in error messages. */
  noun: string;
  choices?: readonly string[];
  path?: PathKind;
}

/** The ways to handle a file that was changed on both sides in the same place. */
export const CONFLICT_WAYS = ['fail', 'inline', 'theirs-file'] as const;

/** The output formats of `check`. */
export const FORMATS = ['pretty', 'json', 'junit', 'tap'] as const;

/** The shells that `completion` supports. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

const EVERYWHERE = {
  help: { kind: 'on', flag: 'help', short: 'h', help: 'show this help' },
  version: { kind: 'on', flag: 'version', short: 'v', help: 'show the version' },
} satisfies OptionTable;

const WRITING = {
  dryRun: { kind: 'on', flag: 'dry-run', help: 'show the changes as a diff and write nothing' },
  check: { kind: 'on', flag: 'check', help: 'write nothing; exit with 6 if there is something to do' },
  json: { kind: 'on', flag: 'json', help: 'print the changes as JSON' },
  conflict: choice({
    ...{ flag: 'conflict', choices: CONFLICT_WAYS, preset: ['fail'] },
    help: 'how to handle a file that was changed on both sides in the same place',
  }),
  allowDirty: { kind: 'on', flag: 'allow-dirty', help: 'change files that have uncommitted changes' },
  install: { kind: 'off', flag: 'install', help: 'do not install the dependencies when they changed' },
  yes: { kind: 'on', flag: 'yes', short: 'y', help: 'ask nothing and use the defaults' },
} satisfies OptionTable;

const PROJECT_EXIT_CODES = [
  '0 done, or nothing to do',
  '1 failed; the project is unchanged, unless only the installation failed',
  '2 wrong usage',
  '3 conflicts; nothing was written, unless --conflict allows it',
  '4 something is in the way, such as uncommitted changes or another run',
  '5 the record or the lock is unreadable, or newer than this program',
  '6 --check found a difference',
  '130 cancelled',
];

export const CREATE = {
  name: '',
  about:
    'Creates a complete, tested Tsuru service API in Express, Fastify or Hono. On a terminal, it prompts for the main answers; the rest have defaults. Non-interactively, give the main answers as options, or use --yes. If a run is interrupted, the same command continues it. "regenerate" and "endpoint" change an existing project. "check" tests any service API with Tsuru\'s own calls, "sandbox" is a Tsuru to try it with, and "publish" registers it in a real one. Each command has its own --help.',
  argument: { usage: '[directory]', noun: 'directory', path: 'directory' },
  options: {
    ...ANSWER_OPTIONS,
    install: { kind: 'off', flag: 'install', help: 'do not install the dependencies' },
    verify: { kind: 'off', flag: 'verify', help: 'do not check the types and run the tests of the new project' },
    git: { kind: 'off', flag: 'git', help: 'do not create a git repository with a first commit' },
    overwrite: {
      ...{ kind: 'on', flag: 'overwrite' },
      help: 'write into a directory that is not empty; replaced files are kept in .tsuru-service/backup',
    },
    dryRun: { kind: 'on', flag: 'dry-run', help: 'list the files that would be written and write nothing' },
    yes: { kind: 'on', flag: 'yes', short: 'y', help: 'ask nothing and use the default for every answer not given' },
    ...EVERYWHERE,
  },
  examples: [
    'create-tsuru-service',
    'create-tsuru-service my-db --framework hono --yes',
    'create-tsuru-service my-db --provisioning background --plan small=Development --plan large=Production --yes',
    'create-tsuru-service my-db --yes --dry-run',
  ],
  exitCodes: [
    '0 done',
    '1 failed; the output lists which steps are done',
    '2 wrong usage',
    '4 something is in the way, such as a directory that is not empty',
    '5 a file of an earlier run is unreadable',
    '130 cancelled',
  ],
} satisfies Command;

export const REGENERATE = {
  name: 'regenerate',
  about:
    'Renders a project again: after you edit tsuru-service.yaml, with different answers, or with a newer version of this program. Your own changes are kept or merged, never lost.',
  argument: { usage: '[directory]', noun: 'directory', path: 'directory' },
  options: {
    set: {
      ...{ kind: 'value', flag: 'set', placeholder: 'key=value', repeatable: true, preset: [], parse: parseSettings },
      help: 'change an answer, such as framework=hono',
    },
    restore: texts({
      ...{ flag: 'restore', placeholder: 'PATH', path: 'file' as const },
      help: 'restore a file to its generated content',
    }),
    report: fileNamed('report', 'write the changes and conflicts as Markdown, for a pull request'),
    ...WRITING,
    ...EVERYWHERE,
  },
  examples: [
    'create-tsuru-service regenerate --dry-run',
    'create-tsuru-service regenerate --set framework=hono',
    'create-tsuru-service regenerate my-db --restore Dockerfile',
    'create-tsuru-service regenerate --check',
  ],
  exitCodes: PROJECT_EXIT_CODES,
} satisfies Command;

const ABOUT_ADDING =
  'Adds a route of your own to the service: it updates the record, the route table, permissions.json, openapi.yaml and the README, and creates a handler with a test for you to edit.';

const ADD_EXAMPLES = [
  'create-tsuru-service endpoint add backups',
  'create-tsuru-service endpoint add restore-backup --method POST --path /backups/{id}/restore',
  'create-tsuru-service endpoint add regions --scope authenticated',
];
const REMOVE_EXAMPLES = ['create-tsuru-service endpoint remove backups'];
const LIST_EXAMPLES = ['create-tsuru-service endpoint list'];

export const ENDPOINT_ADD = {
  name: 'endpoint add',
  about: ABOUT_ADDING,
  argument: { usage: '[name]', noun: 'endpoint' },
  options: {
    method: {
      ...choice({ flag: 'method', choices: METHODS, help: 'the HTTP method', default: 'GET' }),
      spell: (method) => method.toUpperCase(),
    },
    scope: choice({
      ...{ flag: 'scope', choices: ENDPOINT_SCOPES, default: 'instance' },
      help: 'an instance, the service (for its owners), or authenticated: the service, for every logged-in user',
    }),
    path: text({
      ...{ flag: 'path', placeholder: '/path/{id}', default: 'from the name' },
      help: 'the path below the instance or the service',
    }),
    action: text({
      ...{ flag: 'action', placeholder: 'name', default: 'from the name and the method' },
      help: 'the action that Tsuru grants to roles; for an instance only',
    }),
    description: text({ flag: 'description', placeholder: 'text', help: 'what it does, in one line' }),
    ...WRITING,
    ...EVERYWHERE,
  },
  examples: ADD_EXAMPLES,
  exitCodes: PROJECT_EXIT_CODES,
} satisfies Command;

export const ENDPOINT_REMOVE = {
  name: 'endpoint remove',
  about: 'Removes a route of your own. Its handler and the test of the handler are yours and stay.',
  argument: { usage: '[name]', noun: 'endpoint' },
  options: { ...WRITING, ...EVERYWHERE },
  examples: REMOVE_EXAMPLES,
  exitCodes: PROJECT_EXIT_CODES,
} satisfies Command;

export const ENDPOINT_LIST = {
  name: 'endpoint list',
  about: 'Lists your own routes.',
  options: EVERYWHERE,
  examples: LIST_EXAMPLES,
  exitCodes: ['0 done', '2 wrong usage', '4 another run is active or was interrupted', '5 the record or the lock is unreadable, or newer than this program'],
} satisfies Command;

/** The subcommands of `endpoint`. */
export const ENDPOINT_VERBS = ['add', 'remove', 'list'] as const;

/** The parent of the three commands above; by itself it only has help. */
export const ENDPOINT = {
  name: 'endpoint',
  about: "Adds, removes and lists the service's own endpoints.",
  argument: { usage: ENDPOINT_VERBS.join('|'), noun: 'endpoint command', choices: ENDPOINT_VERBS },
  options: EVERYWHERE,
  examples: [...ADD_EXAMPLES, ...REMOVE_EXAMPLES, ...LIST_EXAMPLES],
  exitCodes: PROJECT_EXIT_CODES,
} satisfies Command;

/** An option that names a file. */
function fileNamed(flag: string, help: string) {
  return text({ flag, placeholder: 'FILE', path: 'file' as const, help });
}

/** Where a service API is, and what Tsuru sends to it. */
const SERVICE_ACCESS = {
  manifest: fileNamed('manifest', 'a manifest to read id, user name, password, endpoint and multi-cluster from'),
  username: text({
    ...{ flag: 'username', placeholder: 'NAME', default: '$SERVICE_USERNAME' },
    help: 'the user name of the service',
  }),
  password: text({
    ...{ flag: 'password', placeholder: 'TEXT', default: '$SERVICE_PASSWORD' },
    help: 'its password; it is never printed',
  }),
  ca: fileNamed('ca', 'certificates (PEM) of more authorities to trust'),
  insecure: { kind: 'on', flag: 'insecure', help: 'accept any certificate' },
} satisfies OptionTable;

export const CHECK = {
  name: 'check',
  about:
    "Makes Tsuru's own calls to a service API, whatever language it is written in, and judges the replies as Tsuru reads them. It removes the instances that it creates.",
  argument: { usage: '[url]', noun: 'URL' },
  options: {
    ...SERVICE_ACCESS,
    encoding: {
      ...choice({ flag: 'encoding', choices: ['form', 'json', 'both'], preset: ['form'] }),
      help: 'how the calls are encoded',
      parse: ([encoding]): Encoding[] => (encoding === 'both' ? ['form', 'json'] : [encoding as Encoding]),
    },
    plan: text({
      ...{ flag: 'plan', placeholder: 'NAME', default: 'the first one' },
      help: 'the plan to create instances with',
    }),
    parameter: {
      ...{ kind: 'value', flag: 'parameter', placeholder: 'key=value', repeatable: true, preset: [] },
      help: 'a parameter to send with every create, or as ID:key=value, with those of one check or group',
      parse: (pairs) => pairs.map(parsePair),
    },
    multiCluster: {
      ...{ kind: 'on', flag: 'multi-cluster' },
      help: 'send the headers of a pool and its cluster, and check them',
    },
    timeout: {
      ...{ kind: 'value', flag: 'timeout', placeholder: 'SECONDS', preset: ['60'] },
      help: 'the longest wait for a reply, and for a pending instance',
      parse: parseSeconds,
    },
    maxTime: {
      ...{ kind: 'value', flag: 'max-time', placeholder: 'SECONDS', preset: ['300'] },
      help: 'the longest time for all checks',
      parse: parseSeconds,
    },
    only: texts({ flag: 'only', placeholder: 'ID', help: 'run only these checks or groups of checks' }),
    skip: texts({ flag: 'skip', placeholder: 'ID', help: 'skip these checks or groups of checks' }),
    quick: { kind: 'on', flag: 'quick', help: 'run only the checks of one life of an instance' },
    replay: text({
      ...{ flag: 'replay', placeholder: 'ID' },
      help: 'run one check, such as create.repeat or "create.repeat (json)", and show all its requests',
    }),
    baseline: fileNamed('baseline', 'accepted failures: a list of check and reason, in YAML or JSON'),
    format: choice({ flag: 'format', choices: FORMATS, preset: ['pretty'], help: 'the format of the output' }),
    report: fileNamed('report', 'write an HTML page with every check, its requests and replies'),
    har: fileNamed('har', 'write every request and reply as an HTTP Archive (HAR)'),
    badge: fileNamed('badge', 'write a badge: an image as .svg, otherwise JSON for shields.io'),
    watch: { kind: 'on', flag: 'watch', help: 'check again whenever the service restarts' },
    verbose: { kind: 'on', flag: 'verbose', help: 'show every check, and the requests of those that did not pass' },
    list: { kind: 'on', flag: 'list', help: 'list the checks without running any' },
    ...EVERYWHERE,
  },
  examples: [
    'SERVICE_PASSWORD=secret create-tsuru-service check http://localhost:8888 --username my-db',
    'create-tsuru-service check --manifest manifest.yaml --only bind-app --verbose',
    'create-tsuru-service check --manifest manifest.yaml --quick --watch',
    'create-tsuru-service check --manifest manifest.yaml --format junit --baseline baseline.yaml',
    'create-tsuru-service check --list',
  ],
  exitCodes: [
    '0 every "must" rule holds, or its failure is accepted',
    '1 a "must" rule is broken or could not be tested, or an instance is left behind',
    '2 wrong usage',
    '4 the service cannot be reached or used, or a file cannot be written',
    '130 cancelled',
  ],
} satisfies Command;

export const SANDBOX = {
  name: 'sandbox',
  about:
    'Plays Tsuru for one service on this machine: its API for the unmodified tsuru command, and a page. In a project, it starts the service, too; with a URL, it takes a service API that runs, in any language. Ctrl-C ends it and what it started.',
  argument: { usage: '[url]', noun: 'URL' },
  options: {
    ...SERVICE_ACCESS,
    encoding: choice({ flag: 'encoding', choices: ENCODINGS, default: 'that of the project, or form', help: 'how the calls are encoded' }),
    multiCluster: { kind: 'on', flag: 'multi-cluster', help: 'register the service as multi-cluster' },
    team: text({ flag: 'team', placeholder: 'NAME', default: 'that of the manifest, or my-team', help: 'the team that owns the service and its instances' }),
    port: {
      ...{ kind: 'value', flag: 'port', placeholder: 'PORT', default: '8889, or a free one', help: 'the port to listen on' },
      parse: parsePort,
    },
    host: text({ flag: 'host', placeholder: 'ADDRESS', preset: ['127.0.0.1'], help: 'the address to listen on; with another one, other machines reach it' }),
    state: fileNamed('state', 'keep the state in a file; it holds passwords'),
    open: { kind: 'on', flag: 'open', help: 'open the page in a browser' },
    json: { kind: 'on', flag: 'json', help: 'print one line of JSON (target, token, page), and all else to standard error' },
    ...EVERYWHERE,
  },
  examples: [
    'create-tsuru-service sandbox --open',
    'SERVICE_PASSWORD=secret create-tsuru-service sandbox http://localhost:8888 --username my-db',
    'create-tsuru-service sandbox --state ~/sandbox.json',
  ],
  exitCodes: [
    '1 the service that it started ended',
    '2 wrong usage',
    '4 something is in the way: the port is taken, another sandbox uses the file, or the project\'s packages are not installed',
    '5 the state or a file of the project cannot be read',
    '130 ended by Ctrl-C',
  ],
} satisfies Command;

export const PUBLISH = {
  name: 'publish',
  about:
    'Registers the service of a project in Tsuru, or updates it: its manifest, documentation and permissions. The target and the token are those of the tsuru command: TSURU_TARGET and TSURU_TOKEN, or what tsuru login stored. In a fresh clone, such as in CI, the password is SERVICE_PASSWORD.',
  argument: { usage: '[directory]', noun: 'directory', path: 'directory' },
  options: {
    target: text({ flag: 'target', placeholder: 'URL|LABEL', default: '$TSURU_TARGET', help: 'the Tsuru to publish to' }),
    dryRun: { kind: 'on', flag: 'dry-run', help: 'show the differences and send nothing' },
    check: { kind: 'on', flag: 'check', help: 'send nothing; exit with 6 if Tsuru has something else' },
    rotatePassword: { kind: 'on', flag: 'rotate-password', help: 'change the password in .env, manifest.yaml and Tsuru, so that no call fails' },
    deployed: { kind: 'on', flag: 'deployed', help: 'with --rotate-password: the service has both passwords, even if it cannot be reached from here' },
    ca: SERVICE_ACCESS.ca,
    ...EVERYWHERE,
  },
  examples: ['create-tsuru-service publish --dry-run', 'create-tsuru-service publish my-db --target https://tsuru.example.com'],
  exitCodes: [
    '0 done, or nothing to do',
    '1 Tsuru refused a part, or a new password is not everywhere yet; the output says what is done',
    '2 wrong usage',
    '4 no target or token, Tsuru cannot be asked or cannot reach the endpoint, the example manifest lacks what Tsuru has, or the service does not take a new password yet',
    '5 a file of the project cannot be read, or is wrong',
    '6 --check found a difference',
    '130 cancelled',
  ],
} satisfies Command;

export const MANIFEST = {
  name: 'manifest',
  about:
    'Checks a manifest, by default that of the project, and names every wrong field by its line. SERVICE_PASSWORD, also of .env, is the password of a manifest without one.',
  argument: { usage: '[file]', noun: 'manifest', path: 'file' },
  options: {
    check: { kind: 'on', flag: 'check', help: 'only check it (the default)' },
    print: { kind: 'on', flag: 'print', help: 'print it with its password if it is right' },
    ...EVERYWHERE,
  },
  examples: ['create-tsuru-service manifest', 'create-tsuru-service manifest --print | tsuru service create -'],
  exitCodes: ['0 Tsuru takes it', '2 wrong usage', '5 a file cannot be read', '6 something is wrong'],
} satisfies Command;

export const COMPLETION = {
  name: 'completion',
  about:
    'Prints a completion script for a shell. It completes the commands, options, values and paths of an installed create-tsuru-service.',
  argument: { usage: SHELLS.join('|'), noun: 'shell', choices: SHELLS },
  options: EVERYWHERE,
  examples: [
    'source <(create-tsuru-service completion bash)',
    'source <(create-tsuru-service completion zsh)',
    'create-tsuru-service completion fish | source',
  ],
  exitCodes: ['0 done', '2 wrong usage'],
} satisfies Command;

/** Every command, the default one first. */
export const COMMANDS: readonly Command[] = [
  CREATE,
  REGENERATE,
  ENDPOINT,
  ENDPOINT_ADD,
  ENDPOINT_REMOVE,
  ENDPOINT_LIST,
  CHECK,
  PUBLISH,
  SANDBOX,
  MANIFEST,
  COMPLETION,
];

/** The command that arguments start with: the one with the longest name, or the default one. */
export function commandIn(argv: readonly string[]): Command {
  const words = [argv.slice(0, 2).join(' '), argv[0]];
  return words.flatMap((word) => COMMANDS.find(({ name }) => name === word && name !== '') ?? []).at(0) ?? CREATE;
}

/** Words that are not commands but are typed as if they were, with the right spelling. */
const MISTAKEN: ReadonlyMap<string, string> = new Map([
  ...['create', 'new', 'init'].map((word) => [word, 'DIRECTORY'] as const),
  ['help', '--help'],
  ['version', '--version'],
  ['add', 'endpoint add'],
  ['remove', 'endpoint remove'],
  ['list', 'endpoint list'],
]);

/**
 * The command that was probably meant by a word given as a directory.
 * @returns undefined for any other word, and for a path, such as `./check`
 */
export function commandMeant(word: string): string | undefined {
  const typed = word.toLowerCase();
  const names = COMMANDS.map(({ name }) => name).filter((name) => name !== '' && !name.includes(' '));
  const isBeginning = (name: string) => typed.length >= 5 && name.startsWith(typed);
  return names.find(isBeginning) ?? MISTAKEN.get(typed) ?? nearest(typed, names);
}

/** `key=value`. */
function parsePair(given: string): [key: string, value: string] {
  const mark = given.indexOf('=');
  if (mark < 1) throw new Error(`must be key=value, not "${given}"`);
  return [given.slice(0, mark), given.slice(mark + 1)];
}

/** @returns seconds, up to a day */
function parseSeconds(all: readonly string[]): number {
  const given = all.at(-1) ?? '';
  const seconds = Number(given);
  if (!(seconds > 0 && seconds <= 86_400)) throw new Error(`must be a number of seconds, up to 86400, not "${given}"`);
  return seconds;
}

/** @returns a port; 0 is any free one */
function parsePort(all: readonly string[]): number {
  const given = all.at(-1) ?? '';
  if (!/^\d{1,5}$/.test(given) || Number(given) > 65_535) throw new Error(`must be a number up to 65535, not "${given}"`);
  return Number(given);
}
