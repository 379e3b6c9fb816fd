/** Where a part of a document begins. */
interface Placed {
  /** From 1. */
  line: number;
}

/** Commands, in a terminal of their own or in the one that the reader works in. */
export interface Commands extends Placed {
  kind: 'commands';
  text: string;
  /** The name of another terminal, whose command goes on until it is interrupted. */
  terminal: string | undefined;
  /** The terminal that has printed these lines: what it printed is pasted, and not what the document shows. */
  copiedFrom: string | undefined;
  /** The exit code of the last command that fails, or 0. */
  exit: number;
  /** What the document says they print, if it says so. */
  output: string | undefined;
}

/** A file that the reader writes. */
export interface WrittenFile extends Placed {
  kind: 'file';
  path: string;
  text: string;
}

/** A change that the reader makes to a file: each removed line is there once, and the added ones come in its place. */
export interface EditedFile extends Placed {
  kind: 'edit';
  path: string;
  removed: string;
  added: string;
}

/** Ctrl-C in a terminal. */
export interface Interrupt extends Placed {
  kind: 'interrupt';
  terminal: string;
}

export type Step = Commands | WrittenFile | EditedFile | Interrupt;

/** A heading of the second level, and what the reader does below it. */
export interface Section extends Placed {
  title: string;
  steps: Step[];
  /** The program that it needs beside Node, from `<!-- needs tsuru -->`. */
  needs: string | undefined;
  /** The text below it, without its code blocks and comments. */
  prose: string;
}

/**
 * What a document makes its reader do, in order. Readers do not see the words after the language of a code block:
 * - `sh`: commands. `terminal=NAME`: in another terminal, where the last one goes on. `copied=NAME`: lines that the reader
 *   pastes from that terminal, as it has printed them. `exit=N`: the status of the last failure among them.
 * - `text`: what the commands before it print. `...` stands for what the document leaves out: alone on a line, for any lines.
 * - a block of any other language has `file=PATH`: the whole file or, in a `diff`, a change to it.
 * - `<!-- Ctrl-C in NAME -->`: the reader ends what goes on in that terminal.
 * - `<!-- needs NAME -->`: the section needs that program, too.
 *
 * @throws Error that names the line of a block that is none of these
 */
export function readDocument(markdown: string): Section[] {
  let section: Section = { title: '', line: 1, steps: [], needs: undefined, prose: '' };
  const sections = [section];
  let block: Block | undefined;
  for (const [index, text] of markdown.split('\n').entries()) {
    const line = index + 1;
    const fence = /^(`{3,})(.*)$/.exec(text);
    if (block !== undefined) {
      if (text !== block.end) {
        block.text += `${text}\n`;
        continue;
      }
      addBlock(section, block);
      block = undefined;
    } else if (fence !== null) {
      const [, end = '', info = ''] = fence;
      block = { ...{ line, end, info }, text: '' };
    } else if (text.startsWith('## ')) {
      section = { title: text.slice(3), line, steps: [], needs: undefined, prose: '' };
      sections.push(section);
    } else if (text.startsWith('<!-- ')) {
      addRemark(section, text, line);
    } else {
      section.prose += `${text}\n`;
    }
  }
  if (block !== undefined) throw new Error(`Line ${block.line}: this code block has no end.`);
  return sections;
}

/** A fenced code block. */
interface Block extends Placed {
  info: string;
  text: string;
  /** The line that ends it. */
  end: string;
}

function addBlock(section: Section, { info, text, line }: Block): void {
  const [language = '', ...words] = info.split(' ');
  const attributes = new Map(words.map((word) => [word.split('=')[0], word.slice(word.indexOf('=') + 1)]));
  const path = attributes.get('file');
  const last = section.steps.at(-1);
  if (language === 'sh') {
    const [terminal, copiedFrom] = [attributes.get('terminal'), attributes.get('copied')];
    section.steps.push({ kind: 'commands', text, line, terminal, copiedFrom, exit: Number(attributes.get('exit') ?? 0), output: undefined });
  } else if (language === 'text') {
    if (last?.kind !== 'commands' || last.output !== undefined) throw new Error(`Line ${line}: no commands print this text.`);
    last.output = text;
  } else if (path === undefined) {
    throw new Error(`Line ${line}: this block is neither commands (sh), nor their output (text), nor a file (file=...).`);
  } else if (language === 'diff') {
    const lines = (sign: string) => text.split('\n').flatMap((one) => (one.startsWith(sign) ? [one.slice(1)] : [])).join('\n');
    section.steps.push({ kind: 'edit', path, line, removed: lines('-'), added: lines('+') });
  } else {
    section.steps.push({ kind: 'file', path, line, text });
  }
}

function addRemark(section: Section, text: string, line: number): void {
  const [, terminal] = /^<!-- Ctrl-C in (\w+) -->$/.exec(text) ?? [];
  const [, program] = /^<!-- needs (\w+) -->$/.exec(text) ?? [];
  if (terminal !== undefined) section.steps.push({ kind: 'interrupt', terminal, line });
  else if (program !== undefined) section.needs = program;
  else throw new Error(`Line ${line}: this comment says nothing that a test understands.`);
}

/** Commands that the text names, rather than shows for its reader to run. */
export function commandsNamed(sections: readonly Section[]): string[] {
  const pattern = /`((?:npm|npx|node|curl|git|tsuru|psql|pg_\w+|create-tsuru-service) [^`]*)`/g;
  return sections.flatMap(({ prose }) => [...prose.matchAll(pattern)].map(([, command = '']) => command));
}
