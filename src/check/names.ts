/** The team that owns the instances of the checks, and another one. */
export const TEAM = 'check-team';
export const OTHER_TEAM = 'check-other-team';

/** Hexadecimal digits of the part that all names of a run share. */
export const MARK_LENGTH = 5;

/** Characters of the part that differs from name to name. */
const COUNT_LENGTH = 3;

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

  /** Whether a name is one of these, and not a special one. */
  isOrdinary(name: string): boolean {
    return /^[a-z]{2}[0-9a-z]+$/.test(name) && name.length === 2 + COUNT_LENGTH + MARK_LENGTH;
  }

  /** @param kind two letters that say what is named */
  next(kind: string): string {
    return kind + (this.count++).toString(36).padStart(COUNT_LENGTH, '0') + this.mark;
  }
}

/** The host of an app: each app has its own, as behind Tsuru's router. */
export function hostOf(app: string): string {
  return `${app.toLowerCase()}.example.com`;
}

/** The group in the id of a check. */
export function groupIn(id: string): string {
  return id.split('.', 1)[0] ?? id;
}
