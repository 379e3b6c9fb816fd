/** A line's end without indentation; a space more, and one less, from here on. A `\n` is a line's end with the indentation. */
const [BARE_END, DEEPER, SHALLOWER] = ['\x1b', '\x1c', '\x1d'];

/** The next word starts with a capital, or has only capitals. */
const [CAPITAL, CAPITALS] = ['\x1e', '\x1f'];

/** Separates the words in their list. */
const SEPARATOR = '\x01';

/** Bytes that no character starts with. */
const BYTES = range(0x80, 0xbf);

/**
 * What stands for words, the first ones for the most frequent words: control characters and {@link BYTES}, which are one byte, and
 * characters of two bytes but for Latin-1 and Cyrillic letters.
 */
const CODES = [...range(0x02, 0x1a).filter((code) => ![0x09, 0x0a, 0x0d].includes(code)), ...BYTES, ...range(0x100, 0x3ff), ...range(0x460, 0x7ff)];
const END = 0x800;

/** In a text, characters for private use are the {@link BYTES}. */
const PRIVATE = 0xe000;

/** No text contains one of them. Only the build uses them, so that nothing is done here when a command starts. */
function reserved(): Set<string> {
  return new Set([SEPARATOR, BARE_END, DEEPER, SHALLOWER, CAPITAL, CAPITALS, ...CODES.map(characterFor)]);
}

/** In spaces. */
const DEEPEST_INDENTATION = 24;

/** What can become one character: a word, each one of a name in camel case, or the ends of lines with the next line's indentation. */
const WORD = /\n+ *|[A-Z]?[a-z]+|[A-Z]{3,}/g;

/** Less frequent words take more room in the list than they save. */
const MIN_COUNT = 5;

/**
 * Abbreviates texts: each frequent word becomes one character, without regard to its capitals, and of indentation the difference to
 * the line before is left. Brotli then packs them by 9 % better.
 * @returns the list of the words, and the abbreviated texts in UTF-8 with {@link BYTES}; {@link expander} is the reverse
 * @throws Error when a text contains a character that stands for a word, or is indented by more than 24 spaces
 */
export function abbreviate(texts: readonly string[]): { list: string; texts: Buffer[] } {
  const counts = new Map<string, number>();
  const signs = reserved();
  for (const text of texts) {
    if (Array.from(text).some((character) => signs.has(character))) throw new Error(`a character that stands for a word is in: ${text}`);
    replaceWords(text, (word) => {
      counts.set(word, (counts.get(word) ?? 0) + 1);
      return undefined;
    });
  }
  const saved = (word: string) => (counts.get(word) ?? 0) * (word.length - 1);
  const frequency = (word: string) => Math.round(4 * Math.log(counts.get(word) ?? 0));
  const words = [...counts.keys()]
    .filter((word) => word.length > (word.endsWith('\n') ? 1 : 2) && (counts.get(word) ?? 0) >= MIN_COUNT)
    .sort((a, b) => saved(b) - saved(a) || (a < b ? -1 : 1))
    .slice(0, CODES.length)
    // Among words of about the same frequency, those of one length stand together: texts and list pack better so.
    .sort((a, b) => frequency(b) - frequency(a) || a.length - b.length || (a < b ? -1 : 1));
  const characters = new Map(words.map((word, index) => [word, characterFor(CODES[index] ?? 0)]));
  return {
    list: words.join(SEPARATOR),
    texts: texts.map((text) => bytesOf(replaceWords(text, (word) => characters.get(word)))),
  };
}

function characterFor(code: number): string {
  return String.fromCharCode(BYTES.includes(code) ? PRIVATE + code : code);
}

function bytesOf(text: string): Buffer {
  const parts = text.split(/([\ue080-\ue0bf])/);
  return Buffer.concat(parts.map((part, index) => (index % 2 === 0 ? Buffer.from(part) : Buffer.of(part.charCodeAt(0) - PRIVATE))));
}

/** Code in which each character that stands for a word is written as an escape: in a literal, it means the same. */
export function withoutReserved(code: string): string {
  const signs = reserved();
  return Array.from(code, (sign) => (signs.has(sign) ? `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}` : sign)).join('');
}

/** Replaces each word for which there is a character, given in small letters. */
function replaceWords(text: string, characterOf: (word: string) => string | undefined): string {
  let indentation = 0;
  return text.replace(WORD, (found) => {
    if (!found.startsWith('\n')) {
      const small = found.toLowerCase();
      const character = characterOf(small);
      if (character === undefined || small === found) return character ?? found;
      return (small.slice(1) === found.slice(1) ? CAPITAL : CAPITALS) + character;
    }
    const before = found.lastIndexOf('\n');
    const spaces = found.length - before - 1;
    if (spaces > DEEPEST_INDENTATION) throw new Error(`too much indentation is in: ${text}`);
    const change = spaces > indentation ? DEEPER.repeat(spaces - indentation) : SHALLOWER.repeat(indentation - spaces);
    indentation = spaces;
    const ends = `${BARE_END.repeat(before)}${change}\n`;
    return characterOf(ends) ?? ends;
  });
}

/** Where the word of each code is in the list of the words; a code without one ends at 0. */
interface Places {
  list: Uint8Array;
  starts: Uint16Array;
  ends: Uint16Array;
}

/** Expands abbreviated texts by their list of words, in UTF-8. */
export function expander(list: Uint8Array): (text: Uint8Array) => Buffer {
  const places = { list, starts: new Uint16Array(END), ends: new Uint16Array(END) };
  let [start, longest] = [0, 1 + DEEPEST_INDENTATION];
  for (const code of CODES) {
    const found = list.indexOf(SEPARATOR.charCodeAt(0), start);
    const end = found === -1 ? list.length : found;
    places.starts[code] = start;
    places.ends[code] = end;
    longest = Math.max(longest, end - start + DEEPEST_INDENTATION);
    start = end + 1;
  }
  let out = Buffer.of();
  return (text) => {
    if (out.length < text.length * longest) out = Buffer.allocUnsafeSlow(text.length * longest);
    const progress = { at: 0, length: 0, indentation: 0, flag: 0 };
    while (progress.at < text.length) expandInto(out, text, places, progress);
    return Buffer.from(out.subarray(0, progress.length));
  };
}

/** Bytes of a piece: the engine replaces its code by faster code only between two of them. */
const PIECE = 1024;

/** How far the expansion of a text is: what was read, what was written, and what holds from there on. */
interface Progress {
  at: number;
  length: number;
  indentation: number;
  flag: number;
}

/** Expands the next piece of a text. */
function expandInto(out: Uint8Array, text: Uint8Array, { list, starts, ends }: Places, progress: Progress): void {
  let { at, length, indentation, flag } = progress;
  for (const until = Math.min(at + PIECE, text.length); at < until; at++) {
    let code = text[at] ?? 0;
    // The first of the two bytes of a character from U+0100 to U+07FF.
    if (code >= 0xc4 && code <= 0xdf) code = ((code & 0x1f) << 6) | ((text[++at] ?? 0) & 0x3f);
    const end = ends[code] ?? 0;
    if (end === 0 && code > 0x1f) {
      if (code > 0xff) out[length++] = text[at - 1] ?? 0;
      out[length++] = text[at] ?? 0;
      // The bytes that continue a character of the text's own.
      for (let more = code < 0xc2 || code > 0xff ? 0 : code < 0xe0 ? 1 : code < 0xf0 ? 2 : 3; more > 0; more--) out[length++] = text[++at] ?? 0;
    } else if (end > 0 && list[end - 1] !== 0x0a) {
      const first = length;
      for (let from = starts[code] ?? 0; from < end; from++) out[length++] = list[from] ?? 0;
      if (flag !== 0) {
        const capitals = flag === 0x1e ? first + 1 : length;
        for (let small = first; small < capitals; small++) out[small] = (out[small] ?? 0) - 0x20;
        flag = 0;
      }
    } else if (code === 0x1e || code === 0x1f) {
      flag = code;
    } else {
      for (let from = end > 0 ? (starts[code] ?? 0) : -1; from < end; from++) {
        const byte = from < 0 ? code : (list[from] ?? 0);
        if (byte === 0x1c) indentation++;
        else if (byte === 0x1d) indentation--;
        else out[length++] = byte === 0x1b ? 0x0a : byte;
        if (byte === 0x0a) for (let spaces = indentation; spaces > 0; spaces--) out[length++] = 0x20;
      }
    }
  }
  Object.assign(progress, { at, length, indentation, flag });
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
