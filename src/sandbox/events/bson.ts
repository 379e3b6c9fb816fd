/** What is written as BSON: of its values, events have texts, lists and documents only. */
type Value = string | readonly Value[] | { [name: string]: Value };

/** The kinds of BSON's values, as its format numbers them. */
const KIND = { text: 2, document: 3, list: 4 } as const;

/** Writes a list as BSON, the form in which MongoDB keeps it (bsonspec.org). */
export function bsonList(list: readonly Value[]): { kind: number; data: Buffer } {
  return { kind: KIND.list, data: members(list) };
}

/** A list has its indices as names. */
function members(of: readonly Value[] | { [name: string]: Value }): Buffer {
  const parts = Object.entries<Value>(of as { [name: string]: Value }).flatMap(([name, value]) => {
    const text = typeof value === 'string' && Buffer.from(`${value}\0`);
    const kind = text !== false ? KIND.text : Array.isArray(value) ? KIND.list : KIND.document;
    return [Buffer.from([kind]), Buffer.from(`${name}\0`), ...(text !== false ? [int32(text.length), text] : [members(value as readonly Value[])])];
  });
  const content = Buffer.concat([...parts, Buffer.alloc(1)]);
  return Buffer.concat([int32(content.length + 4), content]);
}

function int32(value: number): Buffer {
  const data = Buffer.alloc(4);
  data.writeInt32LE(value);
  return data;
}
