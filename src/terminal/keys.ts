import { stripVTControlCharacters } from 'node:util';

/** A key as Node's readline reports it. */
interface Key {
  name?: string;
  ctrl?: boolean;
  shift?: boolean;
}

/**
 * A prompt of the `prompts` package while it is shown, with members that are not documented. `onRender` is called with the
 * prompt as `this`, and each key is looked up as a method of it, so that keys can be replaced.
 */
export interface LivePrompt {
  out: NodeJS.WriteStream;
  /** The text that was drawn last. */
  outputText?: string;
  aborted?: boolean;
  bell(): void;
  render(): void;
  close(): void;
  /** Escape. */
  exit(): void;
  /** Tab, with or without Shift. */
  next?(key: Key): void;
  /** Any other key. */
  _?(character: string | undefined, key: Key): void;
}

/** A prompt for a text. */
interface LiveText extends LivePrompt {
  value: string;
  initial: string;
  /** The number of characters before the cursor. */
  cursor: number;
  /** The position of the cursor from the end: zero or negative. */
  cursorOffset: number;
  red?: boolean;
}

/**
 * Adds the keys that `prompts` lacks: Ctrl-U and Ctrl-W in a text, as in a shell, and Shift-Tab and Escape to go back. Keys
 * without a character, such as F1, type nothing.
 * @param above the text written above the prompt, which is erased with it when the user goes back
 * @param leave called when the user goes back; undefined where there is no previous question
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

/** Deletes the text between a position and the cursor. */
function cut(prompt: LiveText, from: number): void {
  if (prompt.value === '') {
    prompt.bell();
    return;
  }
  const after = prompt.value.slice(prompt.cursor);
  prompt.value = prompt.value.slice(0, from) + after;
  prompt.red = false;
  // An empty text shows its default, with the cursor on the first letter.
  prompt.cursor = prompt.value === '' ? Number(prompt.initial !== '') : from;
  prompt.cursorOffset = -after.length;
  prompt.render();
}

/** The start of the word before a position; words are separated by spaces. */
function startOfWord(text: string, place: number): number {
  return text.slice(0, place).trimEnd().lastIndexOf(' ') + 1;
}

/** The control sequence that erases a drawn prompt, with the cursor on its last line. */
function erase(drawn: string, columns: number): string {
  const rows = stripVTControlCharacters(drawn)
    .split('\n')
    .map((line) => Math.max(1, Math.ceil(line.length / columns)))
    .reduce((sum, count) => sum + count);
  return `${rows > 1 ? `\x1b[${rows - 1}A` : ''}\r\x1b[0J`;
}
