import { quote } from '../text.ts';
import type { Command, SHELLS } from './commands.ts';
import { flagsOf, type Option, type PathKind } from './options.ts';

const PROGRAM = 'create-tsuru-service';

/** The completion script of a shell, made from the table of commands. */
export function completionScript(shell: (typeof SHELLS)[number], commands: readonly Command[]): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands.map(completed));
}

/** A command as the shells complete it. */
interface Completed {
  name: string;
  about: string;
  options: readonly Option[];
  /** The words that can follow its name, with what they do. */
  words: readonly { word: string; help: string }[];
  /** The kind of path that can follow its name. */
  path: PathKind | undefined;
}

/** The words after a command: the choices of its argument, and the commands that start with its name. */
function completed({ name, about, argument, options }: Command, _index: number, all: readonly Command[]): Completed {
  const under = all.filter((one) => one.name !== '' && parentOf(one.name) === name);
  const choices = under.length > 0 ? [] : (argument?.choices ?? []);
  return {
    ...{ name, about, options: Object.values(options), path: argument?.path },
    words: [
      ...under.map((one) => ({ word: one.name.slice(name.length).trim(), help: summary(one.about) })),
      ...choices.map((word) => ({ word, help: argument?.noun ?? '' })),
    ],
  };
}

/** `endpoint` for `endpoint add`, and the default command for any other. */
function parentOf(name: string): string {
  return name.split(' ').slice(0, -1).join(' ');
}

/** The first sentence, without its end. */
function summary(about: string): string {
  return about.replace(/[.:](\s[^]*)?$/, '');
}

/** The option's values as a shell completes them; undefined for a switch. */
function valuesOf(option: Option): { choices: readonly string[]; path: PathKind | undefined } | undefined {
  return option.kind === 'value' ? { choices: option.choices ?? [], path: option.path } : undefined;
}

/** The names of the commands, longest first, so that `endpoint add` is matched before `endpoint`. */
function namesOf(commands: readonly Completed[], words: number): string[] {
  return commands.map(({ name }) => name).filter((name) => name !== '' && name.split(' ').length === words);
}

/** For bash 3.2 and later; macOS ships bash 3.2. */
function bashScript(commands: readonly Completed[]): string {
  const cases = commands.flatMap(({ name, options }) =>
    options.flatMap((option) => {
      const values = valuesOf(option);
      if (values === undefined) return [];
      const patterns = [`--${option.flag}`, ...(option.short === undefined ? [] : [`-${option.short}`])];
      return [`    ${patterns.map((flag) => `'${name} ${flag}'`).join(' | ')}) ${bashReply(values)} return ;;`];
    }),
  );
  const rest = commands.flatMap(({ name, options, words, path }) => [
    `    '${name}')`,
    `      flags='${options.flatMap(flagsOf).join(' ')}'`,
    `      words='${words.map(({ word }) => word).join(' ')}'`,
    `      path='${path ?? ''}' ;;`,
  ]);
  return `# bash completion for ${PROGRAM}
_create_tsuru_service() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command='' flags='' words='' path=''
  # bash makes three words of --option=value.
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $previous == '=' ]]; then
    previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if (( COMP_CWORD > 1 )); then
    case \${COMP_WORDS[1]} in
      ${namesOf(commands, 1).join(' | ')}) command=\${COMP_WORDS[1]} ;;
    esac
  fi
  if (( COMP_CWORD > 2 )); then
    case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
      ${namesOf(commands, 2).map((name) => `'${name}'`).join(' | ')}) command="\${COMP_WORDS[1]} \${COMP_WORDS[2]}" ;;
    esac
  fi
  COMPREPLY=()
  case "$command $previous" in
${cases.join('\n')}
  esac
  case $command in
${rest.join('\n')}
  esac
  if [[ $current == -* ]]; then
    _create_tsuru_service_words "$flags"
    return
  fi
  # The words of a command come right behind its name.
  case $(( COMP_CWORD - 1 )):$command in
    0: | 1:?*) ;;
    *) words='' ;;
  esac
  _create_tsuru_service_words "$words"
  if [[ -n $path ]]; then
    _create_tsuru_service_paths "$path"
  fi
}

_create_tsuru_service_words() {
  COMPREPLY+=($(compgen -W "$1" -- "$current"))
}

_create_tsuru_service_paths() {
  local action=file line
  [[ $1 == directory ]] && action=directory
  compopt -o filenames 2> /dev/null
  while IFS= read -r line; do
    COMPREPLY+=("$line")
  done < <(compgen -A "$action" -- "$current")
}

complete -F _create_tsuru_service ${PROGRAM}
`;
}

function bashReply({ choices, path }: { choices: readonly string[]; path: PathKind | undefined }): string {
  if (choices.length > 0) return `_create_tsuru_service_words '${choices.join(' ')}';`;
  return path === undefined ? '' : `_create_tsuru_service_paths ${path};`;
}

function zshScript(commands: readonly Completed[]): string {
  const cases = commands.flatMap((command) => [
    `    '${command.name}')`,
    '      _arguments \\',
    [...command.options.flatMap(zshOption), ...zshArgument(command)].map((spec) => `        ${spec}`).join(' \\\n'),
    '      ;;',
  ]);
  const helpers = commands
    .filter(({ words }) => words.length > 0)
    .flatMap(({ name, words, path }) => [
      `${zshFunction(name)}() {`,
      `  local -a words_of_it=(`,
      ...words.map(({ word, help }) => `    ${quote(`${word}:${help}`)}`),
      '  )',
      `  _describe -t commands word words_of_it`,
      ...(path === undefined ? [] : [`  ${zshPath(path)}`]),
      '}',
      '',
    ]);
  return `#compdef ${PROGRAM}

_${PROGRAM}() {
  local name=''
  if (( CURRENT > 3 )) && [[ "$words[2] $words[3]" == (${namesOf(commands, 2).map((name) => name.replace(' ', '\\ ')).join('|')}) ]]; then
    name="$words[2] $words[3]"
    shift 2 words
    (( CURRENT -= 2 ))
  elif (( CURRENT > 2 )) && [[ $words[2] == (${namesOf(commands, 1).join('|')}) ]]; then
    name=$words[2]
    shift words
    (( CURRENT -= 1 ))
  fi
  case $name in
${cases.join('\n')}
  esac
}

${helpers.join('\n')}
if [[ $funcstack[1] == _${PROGRAM} ]]; then
  _${PROGRAM} "$@"
else
  compdef _${PROGRAM} ${PROGRAM}
fi
`;
}

function zshOption(option: Option): string[] {
  const help = `[${option.help.replace(/[[\]\\:]/g, '\\$&')}]`;
  const values = valuesOf(option);
  if (values === undefined) {
    const short = option.short === undefined ? [] : [`-${option.short}`];
    return [...short, ...flagsOf(option)].map((flag) => quote(`${flag}${help}`));
  }
  const many = option.kind === 'value' && option.repeatable ? '*' : '';
  const action =
    values.choices.length > 0 ? `(${values.choices.join(' ')})` : values.path === undefined ? '' : zshPath(values.path);
  return [quote(`${many}--${option.flag}=${help}:${option.flag}:${action}`)];
}

function zshArgument({ name, words, path }: Completed): string[] {
  if (words.length > 0) return [quote(`1: :${zshFunction(name)}`)];
  return path === undefined ? [] : [quote(`1:${path}:${zshPath(path)}`)];
}

function zshFunction(name: string): string {
  return `_${PROGRAM}-words${name === '' ? '' : `-${name.replaceAll(' ', '-')}`}`;
}

function zshPath(path: PathKind): string {
  return path === 'directory' ? '_files -/' : '_files';
}

function fishScript(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ name, options, words, path }) => {
    const when = `-n ${fishQuote(`__create_tsuru_service_is ${fishQuote(name)}`)}`;
    const first = `-n ${fishQuote(`__create_tsuru_service_is ${fishQuote(name)} first`)}`;
    return [
      ...words.map(({ word, help }) => `complete -c ${PROGRAM} ${first} -a ${fishQuote(word)} -d ${fishQuote(help)}`),
      ...(path === undefined ? [] : [`complete -c ${PROGRAM} ${when} ${fishPath(path)}`]),
      ...options.flatMap((option) => fishOption(option).map((line) => `complete -c ${PROGRAM} ${when} ${line}`)),
    ];
  });
  return `# fish completion for ${PROGRAM}
# Whether the command line is of that command and, with "first", has nothing behind its name.
function __create_tsuru_service_is
    set -l words (commandline -opc)
    set -l name ''
    if contains -- "$words[2] $words[3]" ${namesOf(commands, 2).map(fishQuote).join(' ')}
        set name "$words[2] $words[3]"
    else if contains -- "$words[2]" ${namesOf(commands, 1).join(' ')}
        set name $words[2]
    end
    test "$name" = "$argv[1]"
    or return 1
    test "$argv[2]" != first
    or test (count $words) -eq (count (string split -n ' ' "x $name"))
end

complete -c ${PROGRAM} -f
${lines.join('\n')}
`;
}

function fishOption(option: Option): string[] {
  const help = `-d ${fishQuote(option.help)}`;
  const short = option.short === undefined ? '' : `-s ${option.short} `;
  const values = valuesOf(option);
  if (values === undefined) return flagsOf(option).map((flag) => `${short}-l ${flag.slice('--'.length)} ${help}`);
  const choices = values.choices.length > 0 ? ` -a ${fishQuote(values.choices.join(' '))}` : '';
  const path = values.path === undefined ? '' : ` ${fishPath(values.path)}`;
  return [`${short}-l ${option.flag} ${values.path === 'file' ? '-r' : '-x'}${choices}${path} ${help}`];
}

function fishPath(path: PathKind): string {
  return path === 'directory' ? `-a '(__fish_complete_directories)'` : '-F';
}

function fishQuote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
