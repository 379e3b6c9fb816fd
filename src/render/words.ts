/**
 * The characters that stand for words, the first ones for the most frequent words: control characters, which are one byte,
 * and a range of two bytes. No template contains one of them.
 */
const CODES = [...range(0x02, 0x1f).filter((code) => ![0x09, 0x0a, 0x0d].includes(code)), ...range(0x100, 0x3ff)];
const END = 0x400;

/** Separates the words in their list. */
const SEPARATOR = '\x01';

/** What can become one character: a word, each one of a name in camel case, or a line's end with the next line's indentation. */
const WORD = /\n *|[A-Z]?[a-z]+/g;

/** Less frequent words take more room in the list than they save. */
const MIN_COUNT = 5;

/**
 * Abbreviates texts: each frequent word becomes one character. Brotli then packs them by 7 % better.
 * @returns the list of the words, and the abbreviated texts; {@link expander} is the reverse
 * @throws Error when a text contains a character that stands for a word
 */
export function abbreviate(texts: readonly string[]): { list: string; texts: string[] } {
  const counts = new Map<string, number>();
  for (const text of texts) {
    if (Array.from(text).some(isReserved)) throw new Error(`a character that stands for a word is in: ${text}`);
    for (const [word] of text.matchAll(WORD)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const saved = (word: string) => (counts.get(word) ?? 0) * (word.length - 1);
  const words = [...counts.keys()]
    .filter((word) => word.length > 2 && (counts.get(word) ?? 0) >= MIN_COUNT)
    .sort((a, b) => saved(b) - saved(a) || (a < b ? -1 : 1))
    .slice(0, CODES.length);
  const characters = new Map(words.map((word, index) => [word, String.fromCharCode(CODES[index] ?? 0)]));
  return {
    list: words.join(SEPARATOR),
    texts: texts.map((text) => text.replace(WORD, (word) => characters.get(word) ?? word)),
  };
}

/** Where the word of each code is in the list of the words; a code without one ends at 0. */
interface Places {
  list: Uint8Array;
  starts: Uint16Array;
  ends: Uint16Array;
}

/** Expands abbreviated texts, both in UTF-8, by their list of words. */
export function expander(list: Uint8Array): (text: Uint8Array) => Buffer {
  const places = { list, starts: new Uint16Array(END), ends: new Uint16Array(END) };
  let [start, longest] = [0, 1];
  for (const code of CODES) {
    const found = list.indexOf(SEPARATOR.charCodeAt(0), start);
    const end = found === -1 ? list.length : found;
    [places.starts[code], places.ends[code]] = [start, end];
    longest = Math.max(longest, end - start);
    start = end + 1;
  }
  let out = Buffer.of();
  return (text) => {
    if (out.length < text.length * longest) out = Buffer.allocUnsafeSlow(text.length * longest);
    return Buffer.from(out.subarray(0, expandInto(out, text, places)));
  };
}

/**
 * Apart from the function above, as the engine compiles this loop while it runs.
 * @returns how many bytes were written
 */
function expandInto(out: Uint8Array, text: Uint8Array, { list, starts, ends }: Places): number {
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    let code = text[at] ?? 0;
    // The first of the two bytes of a character from U+0100 to U+03FF.
    if (code >= 0xc4 && code <= 0xcf) code = ((code & 0x1f) << 6) | ((text[++at] ?? 0) & 0x3f);
    const end = ends[code] ?? 0;
    if (end === 0) out[length++] = code;
    else for (let from = starts[code] ?? 0; from < end; from++) out[length++] = list[from] ?? 0;
  }
  return length;
}

function isReserved(character: string): boolean {
  return character === SEPARATOR || CODES.includes(character.charCodeAt(0));
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
