/** The Go types that Tsuru decodes replies into. */
export type GoType =
  | { kind: 'string' }
  | { kind: 'map'; name: string; of: GoType }
  | { kind: 'list'; name: string; of: GoType }
  | { kind: 'struct'; name: string; fields: readonly string[] };

const STRING: GoType = { kind: 'string' };
const STRINGS: GoType = { kind: 'map', name: 'map[string]string', of: STRING };

/** The variables of a bind. */
export const VARIABLES: GoType = STRINGS;
/** The reply to info. */
export const INFO: GoType = { kind: 'list', name: '[]map[string]string', of: STRINGS };
/** The reply to plans. */
export const PLANS: GoType = {
  kind: 'list',
  name: '[]service.Plan',
  of: { kind: 'struct', name: 'Plan', fields: ['Name', 'Description'] },
};

/** A parsed value; members keep their order, and repeated keys are kept. */
type Json =
  | { kind: 'string'; text: string }
  | { kind: 'number' | 'bool' | 'null' }
  | { kind: 'array'; items: Json[] }
  | { kind: 'object'; members: [string, Json][] };

/** JSON that Go cannot decode; the message is Go's own. */
export class GoJsonError extends Error {}

/**
 * Decodes the first JSON value of a body as Go's `json.NewDecoder(body).Decode(&value)` does, which Tsuru uses for every
 * reply: anything after the value is ignored, `null` gives a nil map or list or an empty string, the last of repeated keys
 * wins, and the fields of a struct match in any case.
 *
 * @returns strings, arrays, and objects without a prototype; `null` for a nil map or list
 * @throws GoJsonError with Go's message
 */
export function decodeGo(body: Buffer, type: GoType): unknown {
  const parser = new Parser(body.toString('latin1'));
  const value = parser.top();
  const problems: string[] = [];
  const decoded = assign(value, type, `Go value of type ${nameOf(type)}`, problems);
  if (problems[0] !== undefined) throw new GoJsonError(problems[0]);
  return decoded;
}

/** What Go's `json.Unmarshal` finds wrong in the syntax of a whole body, in its words; undefined if nothing is. */
export function goSyntaxError(body: Buffer): string | undefined {
  try {
    // Go ends with a space, which no literal, escape or number may have.
    new Parser(`${body.toString('latin1')} `).whole();
    return undefined;
  } catch (error) {
    if (!(error instanceof GoJsonError)) throw error;
    return /EOF$/.test(error.message) ? 'unexpected end of JSON input' : error.message;
  }
}

function nameOf(type: GoType): string {
  if (type.kind === 'string') return 'string';
  return type.kind === 'struct' ? `service.${type.name}` : type.name;
}

/** Go continues after a value of the wrong type, and reports the first one. */
function assign(value: Json, type: GoType, into: string, problems: string[]): unknown {
  const wrong = (): unknown => {
    problems.push(`json: cannot unmarshal ${value.kind} into ${into}`);
    return undefined;
  };
  if (value.kind === 'null' && type.kind === 'struct') return assign({ kind: 'object', members: [] }, type, into, problems);
  if (value.kind === 'null') return type.kind === 'string' ? '' : null;
  switch (type.kind) {
    case 'string':
      return value.kind === 'string' ? value.text : wrong();
    case 'list':
      if (value.kind !== 'array') return wrong();
      return value.items.map((item) => assign(item, type.of, `Go value of type ${nameOf(type.of)}`, problems));
    case 'map': {
      if (value.kind !== 'object') return wrong();
      const map = Object.create(null) as Record<string, unknown>;
      for (const [key, item] of value.members) map[key] = assign(item, type.of, 'Go value of type string', problems);
      return map;
    }
    case 'struct': {
      if (value.kind !== 'object') return wrong();
      const struct: Record<string, unknown> = Object.fromEntries(type.fields.map((field) => [field, '']));
      for (const [key, item] of value.members) {
        const field = type.fields.find((candidate) => candidate.toLowerCase() === key.toLowerCase());
        if (field === undefined) continue;
        const structField = `Go struct field ${type.name}.${field} of type string`;
        if (item.kind !== 'null') struct[field] = assign(item, STRING, structField, problems);
      }
      return struct;
    }
  }
}

/** Objects and lists within each other; Go takes 10,000, which is more than a stack has room for here. */
const DEPTH_LIMIT = 1000;

/** Parses one value from a string with a character for each byte, with the error messages of Go's scanner. */
class Parser {
  private at = 0;
  private depth = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  top(): Json {
    this.space();
    if (this.at >= this.text.length) throw new GoJsonError('EOF');
    return this.value();
  }

  whole(): void {
    this.top();
    this.space();
    if (this.at < this.text.length) this.refuse('after top-level value');
  }

  private value(): Json {
    const first = this.peek();
    if (first === '{' || first === '[') {
      if (++this.depth > DEPTH_LIMIT) throw new GoJsonError('exceeded max depth');
      const value = first === '{' ? this.object() : this.array();
      this.depth--;
      return value;
    }
    if (first === '"') return { kind: 'string', text: this.string() };
    if (first === 't') return this.literal('true', 'bool');
    if (first === 'f') return this.literal('false', 'bool');
    if (first === 'n') return this.literal('null', 'null');
    if (/[-0-9]/.test(first)) return this.number();
    return this.refuse('looking for beginning of value');
  }

  private object(): Json {
    const members: [string, Json][] = [];
    this.at++;
    if (this.next() === '}') return this.close({ kind: 'object', members });
    for (;;) {
      if (this.next() !== '"') {
        return this.refuse('looking for beginning of object key string');
      }
      const key = this.string();
      if (this.next() !== ':') return this.refuse('after object key');
      this.at++;
      this.space();
      members.push([key, this.value()]);
      const sign = this.next();
      if (sign === '}') return this.close({ kind: 'object', members });
      if (sign !== ',') return this.refuse('after object key:value pair');
      this.at++;
    }
  }

  private array(): Json {
    const items: Json[] = [];
    this.at++;
    if (this.next() === ']') return this.close({ kind: 'array', items });
    for (;;) {
      this.space();
      items.push(this.value());
      const sign = this.next();
      if (sign === ']') return this.close({ kind: 'array', items });
      if (sign !== ',') return this.refuse('after array element');
      this.at++;
    }
  }

  private string(): string {
    const start = this.at++;
    for (;;) {
      const sign = this.peek();
      if (sign < ' ') this.refuse('in string literal');
      this.at++;
      if (sign === '"') break;
      if (sign !== '\\') continue;
      const escaped = this.peek();
      if (!/["\\/bfnrtu]/.test(escaped)) this.refuse('in string escape code');
      this.at++;
      for (let digit = 0; escaped === 'u' && digit < 4; digit++, this.at++) {
        if (!/[0-9a-f]/i.test(this.peek())) this.refuse('in \\u hexadecimal character escape');
      }
    }
    return JSON.parse(Buffer.from(this.text.slice(start, this.at), 'latin1').toString('utf8')) as string;
  }

  private literal(word: string, kind: 'bool' | 'null'): Json {
    for (let index = 1; index < word.length; index++) {
      this.at++;
      const expected = word.charAt(index);
      if (this.peek() !== expected) this.refuse(`in literal ${word} (expecting '${expected}')`);
    }
    return this.close({ kind });
  }

  private number(): Json {
    const [match] = /^-?(?:(?:0|[1-9]\d*)(?:\.(?:\d+(?:[eE][-+]?\d*)?)?|[eE][-+]?\d*)?)?/.exec(this.text.slice(this.at)) ?? [''];
    this.at += match.length;
    if (!/\d$/.test(match)) {
      this.peek();
      this.refuse(match.endsWith('.') ? 'after decimal point in numeric literal' : /e/i.test(match) ? 'in exponent of numeric literal' : 'in numeric literal');
    }
    return { kind: 'number' };
  }

  private close(value: Json): Json {
    this.at++;
    return value;
  }

  private space(): void {
    while (/[ \t\r\n]/.test(this.text.charAt(this.at))) this.at++;
  }

  private next(): string {
    this.space();
    return this.peek();
  }

  private peek(): string {
    const sign = this.text.charAt(this.at);
    if (sign === '') throw new GoJsonError('unexpected EOF');
    return sign;
  }

  private refuse(context: string): never {
    const sign = this.text.charAt(this.at);
    const shown = sign === "'" ? "\\'" : /[ -~¡-ÿ]/.test(sign) && sign !== '\xad' ? sign : escapeOf(sign);
    throw new GoJsonError(`invalid character '${shown}' ${context}`);
  }
}

function escapeOf(sign: string): string {
  const named: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\b': '\\b', '\f': '\\f' };
  return named[sign] ?? `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
