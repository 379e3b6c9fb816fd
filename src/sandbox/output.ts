import { plainLine, say, type Terminal } from '../terminal/terminal.ts';
import type { Exchanged } from './traffic.ts';

/** What a sandbox prints. */
export interface Output {
  /** Where it is, for a shell and for a browser. */
  address: (at: { target: string; token: string; page: string }) => void;
  /** Something that happened, in a sentence. */
  note: (text: string) => void;
  /** A line of the service's own log. */
  log: (line: string) => void;
  /** A call to the service. */
  call: (call: Exchanged) => void;
}

/** Characters of what Tsuru makes of a reply. */
const LONGEST_READING = 200;

/** @param isJson prints one line of JSON on standard output, and all else on standard error */
export function outputOf(terminal: Terminal, isJson: boolean): Output {
  const write = (text: string) => {
    if (isJson) terminal.writeError(text);
    else terminal.write(text);
  };
  return {
    address({ target, token, page }) {
      if (isJson) terminal.write(`${JSON.stringify({ target, token, page })}\n`);
      else write(`Copy these two lines to the shell in which you use tsuru:\nexport TSURU_TARGET=${target}\nexport TSURU_TOKEN=${token}\nThe page: ${page}\n`);
    },
    note(text) {
      say({ ...terminal, write }, plainLine(text, text.length));
    },
    log(line) {
      write(`${terminal.dim('service |')} ${line}\n`);
    },
    call({ request: { method, url }, reply, failure, milliseconds, reading }) {
      const { pathname, search } = new URL(url);
      const outcome = failure ?? String(reply?.status ?? '');
      const line = `${method} ${pathname}${search} ${outcome} (${Math.round(milliseconds)} ms) ${reading.slice(0, LONGEST_READING)}`;
      write(`${terminal.dim('tsuru   |')} ${plainLine(line, line.length)}\n`);
    },
  };
}
