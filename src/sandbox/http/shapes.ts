import type { Shape, Struct } from './decode.ts';

export const STRING: Shape = { kind: 'string' };
export const STRINGS: Shape = { kind: 'list', of: STRING };
export const STRING_MAP: Shape = { kind: 'map', of: STRING };
export const BOOL: Shape = { kind: 'bool' };
export const INT: Shape = { kind: 'int' };
export const TIME: Shape = { kind: 'time' };
export const ANY: Shape = { kind: 'any' };

/** A Go struct. @param name with its package @param fields by their names in JSON, which are those of forms but for the case */
export function struct(name: string, fields: Record<string, Shape>): Struct {
  return { kind: 'struct', name, fields: Object.fromEntries(Object.entries(fields).map(([field, of]) => [field, { of }])) };
}

export function pointer(of: Shape): Shape {
  return { kind: 'pointer', of };
}

export function list(of: Shape): Shape {
  return { kind: 'list', of };
}
