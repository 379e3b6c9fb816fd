import { isCollection, isMap, isScalar, isSeq, parseDocument, visit, type Document, type Node, type Pair, type YAMLMap } from 'yaml';

import { EXIT, ExpectedError } from '../errors.ts';
import { nearest, styleOf, withoutBom } from '../text.ts';
import { NAME } from './names.ts';

/** What a manifest for `tsuru service create` says ("Registration" in the contract). A text that is missing or empty is left out. */
export interface Manifest {
  id?: string;
  /** Tsuru sends the id if there is none. */
  username?: string;
  password?: string;
  team?: string;
  /** By cluster name; `production` is the fallback. */
  endpoints: Record<string, string>;
  multiCluster: boolean;
}

/** What a service takes from Tsuru. */
export type Credentials = Pick<Manifest, 'username' | 'password'>;

/** Something in a manifest that Tsuru or its client refuses, ignores or cannot use. The password is never quoted. */
export interface ManifestProblem {
  /** From 1; the first one if a field is missing. */
  line: number;
  /** Such as `endpoint.production`; empty for the whole manifest. */
  field: string;
  /** A whole sentence: what is wrong and what is allowed. */
  message: string;
  /** Whether Tsuru's client cannot read the file. */
  isUnread: boolean;
}

/** A rule for a text, and what is told if it does not hold. */
type Rule = [rule: Pick<RegExp, 'test'>, message: string];

/** What must hold for a field with a text; the first rule that does not is told. */
const RULES = {
  id: [[NAME, 'It must be 1 to 40 lower case letters, digits and dashes, and start with a letter.']],
  username: [[/^[^:\p{Cc}]*$/u, 'It must have no colon and no control character: HTTP basic auth cannot carry them.']],
  password: [
    [/./s, 'It is missing: it must be the one that the service takes.'],
    [/^\P{Cc}*$/u, 'It must be one line without control characters.'],
  ],
  team: [[/^[\w.@+-]*$/, 'It must be the name of a team, which has no blanks.']],
} satisfies Record<string, Rule[]>;

type TextField = keyof typeof RULES;

/** What must hold for an endpoint. Tsuru adds http:// to one without a scheme. */
const ENDPOINT_RULES: Rule[] = [
  [/./s, 'It is missing: it must be the URL of the service API.'],
  [/^[^\s\\\p{Cc}]*$/u, 'It must have no blanks and no backslashes.'],
  [/^(https?:\/\/|(?!https?:\/\/))[^/?#@]*([/?#]|$)/, 'It must have no user name and no password: the fields username and password are for them.'],
  [/^(https?:\/\/[^/?#:]|[^/?#:]+(:\d+)?([/?#]|$))/, 'It must start with http:// or https:// and a host.'],
  [/^[^?#]*$/, 'It must have no "?" and no "#": Tsuru adds paths to it.'],
  [{ test: (url) => URL.canParse(/^https?:/.test(url) ? url : `http://${url}`) && !/%(?![\da-f]{2})/i.test(url) }, 'It must be a URL such as https://my-db.example.com.'],
];

/** The fields that Tsuru's client reads, in lower case only. */
const FIELDS = [...Object.keys(RULES), 'endpoint', 'multi-cluster'];

/** What a name of a field is that can be told. */
const PLAIN_NAME = /^[\w.-]{1,60}$/;

const NO_BLANK = 'A blank is missing after the colon.';

/** Characters: ten times those of any real manifest. */
const LARGEST = 32 * 1024;

/** How many problems are told. */
const MOST_PROBLEMS = 100;

/** How many mappings are merged. More are an attack, or never end. */
const MOST_MERGES = 100;

/** How Go's YAML 1.1 writes nothing, and booleans, without quotes; true is the group. */
const NULL = /^(~|null|Null|NULL)?$/;
const BOOLEAN = /^(?:(y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)|n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;

/** What Go's YAML refuses, or takes for the end of a line, unlike YAML 1.2. U+FFFD stands for bytes that are not UTF-8. */
const REFUSED = /[^\P{Cc}\t\n\r]|\r(?!\n)|[\u2028\u2029\ufffd\ufffe\uffff]|\p{Cs}/u;

/** Escapes of JSON that Go's YAML refuses. */
const REFUSED_ESCAPE = /(?<!\\)(\\\\)*\\(\/|u[dD][89a-fA-F])/;

/** What is wrong, by the codes of YAML's errors: its own messages quote the manifest, and with it passwords. */
const SYNTAX: Partial<Record<string, string>> = {
  BAD_DQ_ESCAPE: 'a text in double quotes has an unknown escape',
  BAD_INDENT: 'a line is not indented as it must be, or a bracket is not closed',
  BAD_SCALAR_START: 'a text that starts with a special character must be in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a text with a colon and a blank must be in quotes, and all fields start in the same column',
  MISSING_CHAR: 'a blank, a colon, a comma, a quote or a bracket is missing',
  MULTILINE_IMPLICIT_KEY: 'a colon is missing',
  TAB_AS_INDENT: 'tabs are not allowed as indentation',
};

/** Every scalar is a text, whatever it looks like. The pretty errors of YAML quote lines, and with them passwords. */
const YAML_OPTIONS = { schema: 'failsafe', resolveKnownTags: false, uniqueKeys: false, prettyErrors: false, keepSourceTokens: true } as const;

type AnyNode = Node | null | undefined;

type Tell = (at: AnyNode | number, field: string, message: string, isUnread?: boolean) => void;

/** The node that an alias stands for; any other node is itself. */
type Resolve = (node: unknown) => AnyNode;

/** A field as it is written. */
interface Field {
  key: Node;
  /** Null if there is not even a colon. */
  value: AnyNode;
}

/** By name: each time that a field is there, in the order in which Go reads them, so that the last one counts. */
type Fields = Map<string, Field[]>;

/**
 * Reads a manifest as Tsuru's client does, whose YAML is Go's: a password `0123` is that text, an unquoted `yes` is true. It
 * never throws.
 * @param service what the service takes, as far as it is known: its password is that of a manifest without one, and it is a problem
 *   if the manifest has another one
 * @returns what could be read, and every problem, by lines: none if Tsuru takes the manifest
 */
export function parseManifest(text: string, service: Credentials = {}): { manifest: Manifest; problems: ManifestProblem[] } {
  const plain = withoutBom(text);
  const problems: ManifestProblem[] = [];
  const manifest: Manifest = { endpoints: {}, multiCluster: false };
  const tell: Tell = (at, field, message, isUnread = false) => {
    if (problems.length === MOST_PROBLEMS) return;
    const offset = typeof at === 'number' ? at : (at?.range?.[0] ?? 0);
    problems.push({ line: plain.slice(0, offset).split('\n').length, field, message, isUnread });
  };
  try {
    const document = documentOf(plain);
    if (Array.isArray(document)) tell(document[0], '', document[1], true);
    else read(document, service, manifest, tell);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    tell(0, '', 'It is nested too deeply for a manifest.', true);
  }
  return { manifest, problems: problems.sort((a, b) => a.line - b.line) };
}

/**
 * The same manifest with another password: all else stays, byte for byte.
 * @throws ExpectedError if that is impossible, such as for a password that another field takes by an alias
 */
export function withPassword(text: string, password: string): string {
  const plain = withoutBom(text);
  const bom = text.slice(0, text.length - plain.length);
  const others = ({ id, username, team, endpoints, multiCluster }: Manifest) => JSON.stringify([id, username, team, endpoints, multiCluster]);
  const before = parseManifest(text);
  if (before.manifest.password === password) return text;
  if (!before.problems.some(({ isUnread, field }) => isUnread && field === '')) {
    const [from, to, written] = placeOf(plain, styleOf(text).eol, password);
    const edited = bom + plain.slice(0, from) + written + plain.slice(to);
    const after = parseManifest(edited).manifest;
    if (after.password === password && others(after) === others(before.manifest)) return edited;
  }
  throw new ExpectedError(EXIT.inTheWay, 'The password in the manifest cannot be replaced without another change.', 'Write it there by hand, in one line, without an anchor or an alias.');
}

/** Problems as a compiler writes them: `manifest.yaml:9: password: ...`, one in a line. */
export function problemLines(file: string, problems: readonly ManifestProblem[]): string {
  return problems.map(({ line, field, message }) => `${file}:${line}: ${field && `${field}: `}${message}`).join('\n');
}

/** Whether an endpoint is on this machine, where Tsuru on another one cannot reach it. */
export function isLocal(endpoint: string): boolean {
  return /^(https?:\/\/)?(localhost|127\.[\d.]+|0\.0\.0\.0|\[::1?\])(:|\/|$)/i.test(endpoint);
}

/** What of a manifest is replaced for another password, and by what. */
function placeOf(text: string, eol: string, password: string): [from: number, to: number, written: string] {
  // JSON is YAML that all parsers read alike.
  const value = JSON.stringify(password);
  const root = parseDocument(text, YAML_OPTIONS).contents;
  if (!isMap(root)) return [text.length, text.length, `${/(^|\n)$/.test(text) ? '' : eol}password: ${value}${eol}`];
  const [start] = root.range;
  const pair = (root.items as Pair<Node, Node | null>[]).findLast(({ key }) => isScalar(key) && key.value === 'password');
  if (pair === undefined) {
    if (root.flow === true) return [start + 1, start + 1, `password: ${value}${root.items.length > 0 ? ', ' : ''}`];
    // Before the first field: what follows the last one, such as a comment, stays there.
    const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
    return [start, start, `password: ${value}${eol}${indent}`];
  }
  const colon = pair.srcToken?.sep?.find(({ type }) => type === 'map-value-ind');
  const [from, to] = pair.value?.range ?? [0, 0];
  if (colon !== undefined && from === to) return [colon.offset + 1, colon.offset + 1, ` ${value}`];
  // A text of several lines has its last line end in its range.
  return [from, from + text.slice(from, to).trimEnd().length, value];
}

/** @returns where and why Tsuru's client cannot read it at all, if it cannot */
function documentOf(text: string): Document.Parsed | [at: number, why: string] {
  if (text.length > LARGEST) return [0, 'It is larger than 32 kB: this cannot be a manifest.'];
  const character = REFUSED.exec(text);
  if (character !== null) return [character.index, 'There is a character that is not allowed: it must be UTF-8 without control characters, in lines that end with LF or CRLF.'];
  const document = parseDocument(text, YAML_OPTIONS);
  const error = document.errors.find(({ code }) => code !== 'MULTIPLE_DOCS');
  if (error !== undefined) return [error.pos[0], `${['This is not valid YAML', SYNTAX[error.code]].filter(Boolean).join(': ')}.`];
  const { yaml } = document.directives;
  if (yaml.explicit === true && yaml.version !== '1.1') return [0, "Tsuru's client reads YAML 1.1: the line with %YAML must go."];
  const tab = tabIn(text, document);
  return tab === undefined ? document : [tab, "Tsuru's client takes no tab at the beginning of a line: write spaces."];
}

/** Where a line begins with a tab, which Go's YAML, unlike YAML 1.2, takes in texts that are not plain, and anywhere in JSON. */
function tabIn(text: string, document: Document.Parsed): number | undefined {
  const { contents } = document;
  const taken = isCollection(contents) && contents.flow === true ? [contents.range] : [];
  visit(document, {
    Scalar(_, { type, range }) {
      if (type !== 'PLAIN' && range) taken.push(range);
    },
  });
  const tabs = [...text.matchAll(/^ *\t/gm)].map(({ 0: blanks, index }) => index + blanks.length - 1);
  return tabs.find((tab) => !taken.some(([from, to]) => from < tab && tab < to));
}

function read(document: Document.Parsed, service: Credentials, manifest: Manifest, tell: Tell): void {
  const [second] = document.errors;
  if (second !== undefined) tell(second.pos[0], '', 'Tsuru ignores this second document: a manifest must be a single one.');
  const resolve = resolverOf(document, tell);
  if (resolve === undefined) return;
  const root = resolve(document.contents);
  if (!isMap(root)) {
    const isEmpty = textOf(root) === '';
    tell(root, '', `The manifest ${isEmpty ? 'is empty' : 'is not a mapping'}: it must have fields such as id, password and endpoint.`, !isEmpty);
    return;
  }
  const fields = fieldsOf(root, '', resolve, tell);
  for (const [name, [field]] of fields) {
    // What has an anchor is there for its aliases.
    if (FIELDS.includes(name) || field?.value?.anchor !== undefined) continue;
    const meant = meantBy(name);
    const told = toldName(name, field, '');
    if (told !== '' && name.includes(':')) tell(field?.key, told, NO_BLANK);
    else if (field?.value === null) tell(field.key, '', 'A field has no value: a text with a comma must be in quotes here.');
    else tell(field?.key, told, `Tsuru does not read this field. ${meant === undefined ? `The fields are ${FIELDS.join(', ')}.` : `Did you mean ${meant}?`}`);
  }
  for (const name of Object.keys(RULES) as TextField[]) {
    const preset = name === 'password' ? service.password : undefined;
    const value = valueOf(fields.get(name), name, RULES[name], tell, preset);
    if (value !== '') manifest[name] = value;
  }
  for (const name of ['username', 'password'] as const) {
    const [taken, sent] = [service[name], manifest[name] ?? (name === 'username' ? manifest.id : undefined)];
    if (taken === undefined || sent === undefined || sent === taken) continue;
    tell(fields.get(name)?.at(-1)?.key, name, `It is not SERVICE_${name.toUpperCase()}, which the service takes: all calls of Tsuru would get a 401. Both must be the same.`);
  }
  readEndpoints(fields.get('endpoint'), manifest, resolve, tell);
  for (const { key, value } of fields.get('multi-cluster') ?? []) {
    const text = plainOf(value);
    const [isBoolean, isTrue] = BOOLEAN.exec(text ?? '') ?? [];
    manifest.multiCluster = isTrue !== undefined;
    if (isBoolean === undefined && !NULL.test(text ?? '?')) tell(key, 'multi-cluster', 'It must be true or false, without quotes.', true);
  }
}

/** Reads a text that may be written several times, and tells what is wrong with it. @returns an empty one if it is missing or not a text */
function valueOf(written: readonly Field[] = [], name: string, rules: readonly Rule[], tell: Tell, preset = ''): string {
  const values = written.map(({ key, value }) => {
    const text = textOf(value);
    if (text === undefined) tell(key, name, 'It must be a text, not a list or a mapping.', true);
    return text;
  });
  const value = values.at(-1) || preset;
  const [, broken] = rules.find(([rule]) => !rule.test(value)) ?? [];
  if (broken !== undefined && !values.includes(undefined)) tell(written.at(-1)?.key, name, broken);
  return value;
}

/** Reads the endpoints. Go puts mappings that are written several times into one. */
function readEndpoints(written: readonly Field[] = [], manifest: Manifest, resolve: Resolve, tell: Tell): void {
  const found: Fields = new Map();
  let isRight = true;
  for (const { key, value } of written) {
    if (isMap(value)) {
      for (const [name, fields] of fieldsOf(value, 'endpoint.', resolve, tell)) found.set(name, [...(found.get(name) ?? []), ...fields]);
    } else if (plainOf(value) !== undefined && textOf(value) === '') {
      found.clear();
    } else {
      isRight = false;
      tell(key, 'endpoint', 'It must be a mapping: write "production: URL" in a line below it.', true);
    }
  }
  if (isRight && !found.has('production')) tell(written.at(-1)?.key, 'endpoint', 'It has no production, which must be the URL of the service API.');
  const endpoints = [...found].map(([name, fields]) => {
    const rules = name.includes(':') ? [[/./s, NO_BLANK] satisfies Rule, ...ENDPOINT_RULES] : ENDPOINT_RULES;
    return [name, valueOf(fields, toldName(name, fields[0], 'endpoint.'), rules, tell)] as const;
  });
  manifest.endpoints = Object.fromEntries(endpoints);
}

/** Resolves aliases. @returns undefined if Tsuru's client does not read one of the nodes, which is told */
function resolverOf(document: Document.Parsed, tell: Tell): Resolve | undefined {
  let refused = 0;
  const refuse = (at: unknown, message: string) => {
    refused++;
    tell(at as Node, '', message, true);
  };
  const anchors = new Map<string, Node>();
  const targets = new Map<unknown, Node>();
  visit(document, {
    Pair(_, { key }) {
      if (plainOf(key as AnyNode) === '') refuse(key, 'A field must have a name.');
    },
    Value(_, node, path) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
      if (!isScalar(node)) return;
      const { type, tag, srcToken } = node;
      const source = srcToken && 'source' in srcToken ? srcToken.source : '';
      const isInBraces = path.some((one) => isCollection(one) && one.flow === true);
      if (tag !== undefined && tag !== '!' && tag !== 'tag:yaml.org,2002:str') refuse(node, 'A tag such as !!binary must go: write the text itself.');
      if (type === 'QUOTE_DOUBLE' && REFUSED_ESCAPE.test(source)) refuse(node, 'An escape such as \\/ or \\ud83d must go: write the character itself.');
      if (type === 'PLAIN' && isInBraces && /^:|\?/.test(source)) refuse(node, 'A text with "?", or with ":" first, must be in quotes here.');
    },
    Alias(_, node) {
      const target = anchors.get(node.source);
      if (target === undefined) refuse(node, 'The anchor of an alias must stand before it.');
      else targets.set(node, target);
    },
  });
  return refused === 0 ? (node) => targets.get(node) ?? (node as AnyNode) : undefined;
}

/** The fields of a mapping, with those that are merged into it. */
function fieldsOf(map: YAMLMap, prefix: string, resolve: Resolve, tell: Tell): Fields {
  let merges = 0;
  const collect = (from: YAMLMap): Fields => {
    const fields: Fields = new Map();
    const own = new Set<string>();
    const add = (name: string, more: readonly Field[]) => {
      const written = fields.get(name);
      if (written === undefined) fields.set(name, [...more]);
      else written.push(...more);
    };
    for (const { key, value } of from.items as Pair<Node, AnyNode>[]) {
      const name = textOf(resolve(key));
      if (name === undefined) {
        tell(key, prefix, 'The name of a field must be a text.', true);
      } else if (plainOf(key) === '<<') {
        const source = resolve(value);
        // Of a list the first one counts.
        for (const one of isSeq(source) ? source.items.map(resolve).reverse() : [source]) {
          if (merges++ < MOST_MERGES && isMap(one)) for (const merged of collect(one)) add(...merged);
          else if (merges <= MOST_MERGES + 1) tell(key, `${prefix}<<`, 'Only mappings can be merged, a few of them, and none into itself.', true);
        }
      } else {
        const field = { key, value: resolve(value) };
        if (own.has(name) && (value !== null || FIELDS.includes(name))) tell(key, toldName(name, field, prefix), 'It is there twice, and Tsuru takes the last one: there must be one.');
        own.add(name);
        add(name, [field]);
      }
    }
    return fields;
  };
  return collect(map);
}

/** The known field that a name is near to, up to a colon. */
function meantBy(name: string): string | undefined {
  return nearest(name.replace(/:.*/s, '').toLowerCase(), FIELDS);
}

/**
 * What is told of the name of a field. The password, or a part of it, may be written there, such as by an alias, or after a line end or
 * a comma of its own. So a name is told up to a colon, and only if it is a plain one of an endpoint, or about as long as the known field
 * that it is near to.
 * @returns without it, the field around it: empty for the manifest
 */
function toldName(name: string, field: Field | undefined, prefix: string): string {
  const told = name.replace(/:.*/s, '');
  const isLikely = prefix === '' ? told.length <= (meantBy(name)?.length ?? -1) + 1 : told !== name || field?.value !== null;
  const isOwn = FIELDS.includes(name) || (isScalar(field?.key) && field.key.anchor === undefined);
  return isOwn && isLikely && PLAIN_NAME.test(told) ? prefix + told : prefix.slice(0, -1);
}

/** A scalar as Go reads it into a text; undefined for a list or a mapping. */
function textOf(node: AnyNode): string | undefined {
  const plain = plainOf(node);
  if (plain !== undefined) return NULL.test(plain) ? '' : plain;
  return isScalar(node) ? String(node.value) : undefined;
}

/** What is written without quotes and tags: it can be more than a text. Undefined for all else. */
function plainOf(node: AnyNode): string | undefined {
  if (node === null || node === undefined) return '';
  return isScalar(node) && node.type === 'PLAIN' && node.tag === undefined ? String(node.value) : undefined;
}
