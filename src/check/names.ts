/** The team that owns the instances of the checks, and another one. */
export const TEAM = 'check-team';
export const OTHER_TEAM = 'check-other-team';

/** Hexadecimal digits of the part that all names of a run share. */
export const MARK_LENGTH = 5;

/**
 * The names of one run: plain, of ten characters, and different in the first of them, because a service may cut names at
 * ten, refuse "-", or ignore case.
 */
export class Names {
  private readonly mark: string;
  private count = 0;

  /** @param mark five characters that no other run uses */
  constructor(mark: string) {
    this.mark = mark;
  }

  /** @param kind two letters that say what is named */
  next(kind: string): string {
    return kind + (this.count++).toString(36).padStart(3, '0') + this.mark;
  }
}

/** The host of an app: each app has its own, as behind Tsuru's router. */
export function hostOf(app: string): string {
  return `${app.toLowerCase()}.example.com`;
}
