import { stripVTControlCharacters } from 'node:util';

/** A key as Node's readline tells it. */
interface Key {
  name?: string;
  ctrl?: boolean;
  shift?: boolean;
}

/**
 * A prompt of the `prompts` package while it is shown: what it has beside its documented options. Its `onRender` is called
 * with it as `this`, and its keys are looked up on it one by one, so that they can be changed.
 */
export interface LivePrompt {
  out: NodeJS.WriteStream;
  /** What was drawn last. */
  outputText?: string;
  aborted?: boolean;
  bell(): void;
  render(): void;
  close(): void;
  /** Escape. */
  exit(): void;
  /** Tab, with or without Shift. */
  next?(key: Key): void;
  /** A key that has no meaning of its own. */
  _?(character: string | undefined, key: Key): void;
}

/** One that takes a text. */
interface LiveText extends LivePrompt {
  value: string;
  initial: string;
  /** How many characters are before the cursor. */
  cursor: number;
  /** The same from the end, as a number that is not positive. */
  cursorOffset: number;
  red?: boolean;
}

/**
 * Gives a prompt the keys that it lacks: Ctrl-U and Ctrl-W in a text, as shells have them, and Shift-Tab and Escape to go
 * back. Keys that stand for no character, such as F1, are not typed into a text.
 * @param above what was written above it, which goes with it when the person goes back
 * @param leave is told that the person goes back; undefined where there is no question before
 */
export function addKeys(prompt: LivePrompt, above: string, leave: (() => void) | undefined): void {
  const goBack = () => {
    if (leave === undefined) {
      prompt.bell();
      return;
    }
    leave();
    prompt.aborted = true;
    prompt.out.write(erase(above + (prompt.outputText ?? ''), prompt.out.columns));
    prompt.close();
  };
  if (leave !== undefined) prompt.exit = goBack;
  const next = prompt.next?.bind(prompt);
  prompt.next = (key) => {
    if (key.shift) goBack();
    else if (next) next(key);
    else prompt.bell();
  };
  if (!isText(prompt)) return;
  const type = prompt._?.bind(prompt);
  prompt._ = (character, key) => {
    if (key.ctrl && key.name === 'u') cut(prompt, 0);
    else if (key.ctrl && key.name === 'w') cut(prompt, startOfWord(prompt.value, prompt.cursor));
    else if (character === undefined || /\p{Cc}/u.test(character)) prompt.bell();
    else type?.(character, key);
  };
}

function isText(prompt: LivePrompt): prompt is LiveText {
  return 'cursorOffset' in prompt;
}

/** Takes away what is between a place and the cursor. */
function cut(prompt: LiveText, from: number): void {
  if (prompt.value === '') {
    prompt.bell();
    return;
  }
  const after = prompt.value.slice(prompt.cursor);
  prompt.value = prompt.value.slice(0, from) + after;
  prompt.red = false;
  // An empty text shows its default, with the cursor on its first letter.
  prompt.cursor = prompt.value === '' ? Number(prompt.initial !== '') : from;
  prompt.cursorOffset = -after.length;
  prompt.render();
}

/** Where the word before a place begins; words are parted by blanks. */
function startOfWord(text: string, place: number): number {
  return text.slice(0, place).trimEnd().lastIndexOf(' ') + 1;
}

/** Takes away what a prompt has drawn; the cursor is in its last line. */
function erase(drawn: string, columns: number): string {
  const rows = stripVTControlCharacters(drawn)
    .split('\n')
    .map((line) => Math.max(1, Math.ceil(line.length / columns)))
    .reduce((sum, count) => sum + count);
  return `${rows > 1 ? `\x1b[${rows - 1}A` : ''}\r\x1b[0J`;
}
