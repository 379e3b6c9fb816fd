/** The promises that must hold whatever fails. */
export type Promised =
  | 'lost'
  | 'doubled'
  | 'leaked'
  | 'overlapping'
  | 'came back'
  | 'left pending'
  | 'not removable'
  | 'bind changed'
  | 'unexplained error'
  | 'late reply'
  | 'unasked'
  | 'two processes'
  | 'process';

export interface Violation {
  promised: Promised;
  text: string;
  /** The events of the instance up to then, with times. */
  history: string[];
}

const KEPT = 300;

/** The events of each instance, and the broken promises. */
export class Journal {
  readonly violations: Violation[] = [];
  readonly counts = new Map<string, number>();
  readonly #start = performance.now();
  readonly #lines = new Map<string, string[]>();

  /** @param name the instance; `''` for the process, whose events belong to every instance */
  note(name: string, text: string): void {
    const line = `${((performance.now() - this.#start) / 1000).toFixed(3).padStart(9)} s  ${text}`;
    const own = this.#of(name);
    for (const of of name === '' ? this.#lines.values() : [own]) {
      of.push(line);
      if (of.length > KEPT * 2) of.splice(0, KEPT);
    }
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  violation(promised: Promised, name: string, text: string): void {
    this.note(name, `!! ${promised}: ${text}`);
    this.violations.push({ promised, text: `${name} ${text}`.trim(), history: this.#of(name).slice(-KEPT) });
  }

  #of(name: string): string[] {
    const lines = this.#lines.get(name) ?? [];
    this.#lines.set(name, lines);
    return lines;
  }
}
