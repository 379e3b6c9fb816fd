import { useState } from 'preact/hooks';

/** Characters of a body that are shown at first, and that are indented, and how deep. */
const LIMIT = { shown: 20_000, indented: 200_000, depth: 20 };

/** A text with what is not seen, or turns the direction of the rest, made visible; line ends and tabs stay. */
export function visible(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(/(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\u2028\u2029]/gu, (sign) => {
    const code = sign.codePointAt(0) ?? 0;
    return code < 32 ? String.fromCharCode(0x2400 + code) : `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
  });
}

/** A name or a text of others: its direction is its own. */
export function Name({ text, kind }: { text: string; kind?: string }) {
  return <bdi class={kind ?? 'mono'}>{visible(text)}</bdi>;
}

/** A body, indented if it is JSON, and by lines if it is a form. */
export function Body({ text, type = '' }: { text: string; type?: string }) {
  const [isWhole, setWhole] = useState(false);
  if (text === '') return <p class="soft">No body</p>;
  const shown = visible(/urlencoded/.test(type) ? formLines(text) : indented(text));
  const isCut = !isWhole && shown.length > LIMIT.shown;
  return (
    <>
      <pre tabIndex={0}>{isCut ? shown.slice(0, LIMIT.shown) : shown}</pre>
      {isCut && (
        <button type="button" onClick={() => { setWhole(true); }}>
          Show all {shown.length.toLocaleString('en')} characters
        </button>
      )}
    </>
  );
}

/** JSON over several lines, with every name and number as it came; other texts stay. */
function indented(text: string): string {
  try {
    if (text.length > LIMIT.indented || typeof JSON.parse(text) !== 'object') return text;
  } catch {
    return text;
  }
  let [result, depth] = ['', 0];
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g) ?? [];
  tokens.forEach((token, index) => {
    const isOpening = /^[{[]$/.test(token);
    if (/^[}\]]$/.test(token)) {
      depth -= 1;
      if (!/^[{[]$/.test(tokens[index - 1] ?? '')) result += `\n${'  '.repeat(Math.min(depth, LIMIT.depth))}`;
    } else if (isOpening) {
      depth += 1;
    }
    result += token === ':' ? ': ' : token;
    if (token === ',' || (isOpening && !/^[}\]]$/.test(tokens[index + 1] ?? ''))) result += `\n${'  '.repeat(Math.min(depth, LIMIT.depth))}`;
  });
  return result;
}

function formLines(text: string): string {
  return [...new URLSearchParams(text)].map(([name, value]) => `${name} = ${value}`).join('\n');
}

/** Puts a text on the clipboard. */
export function Copy({ text, label }: { text: string; label: string }) {
  const [isCopied, setCopied] = useState<boolean>();
  const copy = async (): Promise<void> => {
    // There is a clipboard only for pages of this machine, or of HTTPS.
    if (isSecureContext) await navigator.clipboard.writeText(text);
    setCopied(isSecureContext);
  };
  return (
    <>
      <button type="button" class="quiet" onClick={() => void copy()}>
        <span aria-live="polite">{isCopied === true ? 'Copied' : label}</span>
      </button>
      {isCopied === false && <pre tabIndex={0}>{text}</pre>}
    </>
  );
}

/** The time of day of a time in the form of RFC 3339. */
export function Time({ of }: { of: string }) {
  return <time dateTime={of}>{new Date(of).toLocaleTimeString('en-GB')}</time>;
}

export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** `1 app`, `2 apps`. */
export function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
