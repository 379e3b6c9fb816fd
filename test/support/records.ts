import fc from 'fast-check';

import { METHODS, type EndpointAnswer, type PlanAnswer } from '../../src/answers/answers.ts';

type Item = EndpointAnswer | PlanAnswer;
/** Any number below the one given. */
type Pick = (below: number) => number;

const NAMES = ['backups', 'dump', 'restore', 'usage', 'users', 'zones'];

const anyEndpoints: fc.Arbitrary<EndpointAnswer[]> = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom(...NAMES),
    method: fc.constantFrom(...METHODS.filter((method) => method !== 'HEAD')),
    tail: fc.constantFrom('', '/{id}', '/all'),
    description: fc.constantFrom('Usage', 'It\'s "big": # {x}, [y]', 'ünï 😀', '- a', 'true', "' '"),
  }),
  { selector: ({ name }) => name, maxLength: 5 },
).map((list) =>
  list.map(({ name, method, tail, description }) => ({
    ...{ name, method, path: `/${name}${tail}`, action: `${name}.do`, description },
  })),
);

const anyPlans: fc.Arbitrary<PlanAnswer[]> = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('small', 'large', 'Usage', 'big one'),
    description: fc.constantFrom('', 'Usage', 'a: b # c', "it's"),
  }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 3 },
);

/** Lists as a record may have them, and as it is to have them. */
export const anyLists = fc.record({ endpoints: anyEndpoints, plans: anyPlans }, { requiredKeys: [] });

/** The text of a record as a user may write it by hand: every way of YAML, and comments with a number each. */
export const anyRecord: fc.Arbitrary<string> = fc
  .record({
    endpoints: anyEndpoints,
    plans: anyPlans,
    picks: fc.infiniteStream(fc.nat()),
    bom: fc.boolean(),
    crlf: fc.boolean(),
  })
  .map(({ endpoints, plans, picks, bom, crlf }) => {
    const pick: Pick = (below) => Number(picks.next().value) % below;
    const text = new Writer(pick).record(endpoints, plans);
    return (bom ? '\uFEFF' : '') + (crlf ? text.replaceAll('\n', '\r\n') : text);
  });

class Writer {
  private comments = 0;
  /** The values that have an anchor so far. */
  private readonly anchors = new Map<string, string>();

  private readonly pick: Pick;

  constructor(pick: Pick) {
    this.pick = pick;
  }

  record(endpoints: readonly Item[], plans: readonly Item[]): string {
    const parts = [
      `name: ${this.scalar('my-service', false)}`,
      `framework: ${this.scalar('fastify', false)}`,
      ...(this.chance() ? [`team: ${this.scalar('Usage', false)}`] : []),
      ...(this.chance() ? ['multiCluster: true'] : []),
      this.list('plans', plans),
      ...(endpoints.length > 0 || this.chance() ? [this.list('endpoints', endpoints)] : []),
    ];
    if (this.chance()) parts.push(...parts.splice(0, 1));
    const body = ['version: 1', ...parts].map((part) => `${this.above('')}${part}${this.behind(part)}\n`).join('');
    return `${this.chance() ? '---\n' : ''}${body}${this.above('')}`;
  }

  private chance(): boolean {
    return this.pick(2) === 1;
  }

  private comment(): string {
    return `# comment ${++this.comments}, - [{"x`;
  }

  /** Blank lines and comments above something. */
  private above(indent: string): string {
    return ['', '', '\n', `${indent}${this.comment()}\n`, `\n${this.comment()}\n\n`][this.pick(5)] ?? '';
  }

  private behind(part: string): string {
    return part.includes('\n') || this.pick(3) > 0 ? '' : `  ${this.comment()}`;
  }

  private scalar(value: string, isKey: boolean, inFlow = false): string {
    const known = [...this.anchors].find(([, old]) => old === value)?.[0];
    if (known !== undefined && !isKey && this.chance()) return inFlow ? `*${known} ` : `*${known}`;
    const isPlain = /^[A-Za-z/][\w./-]*$/.test(value) && value !== 'true';
    const written = [isPlain ? value : JSON.stringify(value), JSON.stringify(value), `'${value.replaceAll("'", "''")}'`];
    const text = written[this.pick(3)] ?? '';
    if (isKey || this.pick(4) > 0) return text;
    // Now and then an anchor of a name that was there.
    const anchor = `a${this.pick(6)}`;
    this.anchors.set(anchor, value);
    return `&${anchor} ${text}`;
  }

  private list(key: string, items: readonly Item[]): string {
    if (items.length === 0) return `${key}:${['', ' []', ' [ ]', ' [\n]'][this.pick(4)] ?? ''}`;
    if (this.pick(3) === 0) return `${key}: ${this.flowList(items)}`;
    const indent = ' '.repeat(this.pick(4));
    const lines = items.map((item) => {
      const gap = ' '.repeat(1 + this.pick(3));
      const above = this.above(indent);
      if (this.pick(4) === 0) {
        const flow = this.flow(item);
        return `${above}${indent}-${gap}${flow}${this.behind(flow)}`;
      }
      const inner = indent + ' '.repeat(gap.length + 1);
      const [first = '', ...others] = this.fields(item, false).map((field) => field + this.behind(field));
      const start = this.chance() ? `${gap}${first}` : `${gap}&item${this.pick(3)}\n${inner}${first}`;
      return `${above}${indent}-${start}${others.map((field) => `\n${this.pick(6) === 0 ? '\n' : ''}${inner}${field}`).join('')}`;
    });
    return `${key}:${this.pick(4) === 0 ? ' &list' : ''}${this.pick(4) === 0 ? ` ${this.comment()}` : ''}\n${lines.join('\n')}`;
  }

  private flowList(items: readonly Item[]): string {
    const written = items.map((item) => this.flow(item));
    switch (this.pick(3)) {
      case 0:
        return `[${written.join(', ')}]`;
      case 1:
        return `[ ${written.join(' ,')} ,]`;
      default:
        return `[\n${written.map((item) => `  ${this.chance() ? `${this.comment()}\n  ` : ''}${item}, ${this.chance() ? this.comment() : ''}\n`).join('')}]`;
    }
  }

  private flow(item: Item): string {
    const pad = this.chance() ? ' ' : '';
    return `{${pad}${this.fields(item, true).join(', ')}${pad}}`;
  }

  private fields(item: Item, inFlow: boolean): string[] {
    return (Object.entries(item) as [string, string][])
      .filter(([field, value]) => field !== 'description' || value !== '' || this.chance())
      .map(([field, value]) => `${this.pick(5) === 0 ? JSON.stringify(field) : field}: ${this.scalar(value, false, inFlow)}`);
  }
}
