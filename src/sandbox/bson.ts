import type { Json } from './records.ts';

/** The kinds of BSON's values, as its format numbers them. */
const KIND = { double: 1, text: 2, document: 3, list: 4, flag: 8, nothing: 10, int32: 16, int64: 18 } as const;

/** Writes a list as BSON, the form in which MongoDB keeps it (bsonspec.org). */
export function bsonList(list: readonly Json[]): { kind: number; data: Buffer } {
  return { kind: KIND.list, data: members(list.map((value, index) => [String(index), value])) };
}

function members(entries: readonly (readonly [string, Json])[]): Buffer {
  const parts = entries.flatMap(([name, value]) => {
    const [kind, data] = element(value);
    return [Buffer.from([kind]), Buffer.from(`${name}\0`), data];
  });
  const content = Buffer.concat([...parts, Buffer.alloc(1)]);
  return Buffer.concat([int32(content.length + 4), content]);
}

function element(value: Json): [number, Buffer] {
  if (value === null) return [KIND.nothing, Buffer.alloc(0)];
  if (typeof value === 'boolean') return [KIND.flag, Buffer.from([Number(value)])];
  if (typeof value === 'number') return numeric(value);
  if (typeof value === 'string') {
    const text = Buffer.from(`${value}\0`);
    return [KIND.text, Buffer.concat([int32(text.length), text])];
  }
  return Array.isArray(value) ? [KIND.list, bsonList(value).data] : [KIND.document, members(Object.entries(value))];
}

function numeric(value: number): [number, Buffer] {
  if (value === (value | 0)) return [KIND.int32, int32(value)];
  const data = Buffer.alloc(8);
  if (Number.isSafeInteger(value)) data.writeBigInt64LE(BigInt(value));
  else data.writeDoubleLE(value);
  return [Number.isSafeInteger(value) ? KIND.int64 : KIND.double, data];
}

function int32(value: number): Buffer {
  const data = Buffer.alloc(4);
  data.writeInt32LE(value);
  return data;
}
