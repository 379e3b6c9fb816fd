import type { Readable } from 'node:stream';

import { messageOf, oneLine, ServiceError } from './errors.js';
import { unflatten } from './form-parameters.js';
import { tooLarge } from './http.js';
import { emptyObject, inexactNumber, isObject, withoutPrototypes, type JsonObject, type JsonValue } from './values.js';

/** The fields of Tsuru's calls: their names in a form, and in JSON. */
const FIELDS = {
  name: 'name',
  team: 'team',
  description: 'description',
  plan: 'plan',
  tags: 'tags',
  user: 'user',
  eventid: 'eventID',
  'app-name': 'appName',
  'app-hosts': 'appHosts',
  'app-internal-hosts': 'appInternalHosts',
  'app-pool-name': 'appPoolName',
  'app-pool-provisioner': 'appPoolProvisioner',
  'app-cluster-name': 'appClusterName',
  'app-cluster-provisioner': 'appClusterProvisioner',
  'app-cluster-addresses': 'appClusterAddresses',
  'job-name': 'jobName',
  'job-pool-name': 'jobPoolName',
  'job-cluster-name': 'jobClusterName',
} as const;

export type FieldName = keyof typeof FIELDS;

/** The body of one of Tsuru's calls, in either encoding. Unknown fields are ignored. */
export interface Fields {
  /** `''` when the field is absent: Tsuru leaves out empty ones. */
  text(field: FieldName): string;
  /** `[]` when the field is absent. */
  list(field: FieldName): string[];
  parameters: JsonObject;
}

/**
 * Decodes a body by its Content-Type, whichever encoding the service is registered with.
 *
 * @throws ServiceError 400 for a malformed body or a field of the wrong type, 415 for another encoding
 */
export function decodeBody(contentType: string | undefined, body: Uint8Array): Fields {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (body.byteLength === 0) return formFields('');
  if (type === 'application/json') return jsonFields(decodeText(body));
  if (type === 'application/x-www-form-urlencoded') return formFields(decodeText(body));
  throw new ServiceError(415, 'Send the body as application/x-www-form-urlencoded or application/json.');
}

/** A NUL, which would end a text in the store, and a lone surrogate, which exists in JSON but not in UTF-8. */
const UNSTORABLE = /\0|\p{Cs}/u;

/**
 * Reads a body to its end.
 * @param limit in bytes
 * @throws ServiceError 413 as soon as it is larger, 400 when the client disconnects before its end
 */
export function readBody(body: Readable, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const onData = (chunk: Uint8Array) => {
      size += chunk.byteLength;
      if (size <= limit) chunks.push(chunk);
      else settle(() => reject(tooLarge()));
    };
    const onEnd = () => settle(() => resolve(chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks)));
    const onCut = () => settle(() => reject(new ServiceError(400, 'The body was cut off.')));
    const settle = (finish: () => void) => {
      body.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
      finish();
    };
    if (body.readableEnded) onEnd();
    else if (body.destroyed) onCut();
    else body.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
  });
}

/**
 * Parses a JSON body into a value whose objects have no prototype.
 * @throws ServiceError 400; for a number that JavaScript would round it names the field
 */
export function parseJson(text: string): JsonValue {
  const value = parsed(text);
  const inexact = inexactNumber(value);
  if (inexact !== undefined) {
    const where = inexact === '' ? 'The body' : `The field "${oneLine(inexact, 200)}"`;
    throw new ServiceError(400, `${where} has a number that is too large to be exact. Send it as a string.`);
  }
  return value;
}

function parsed(text: string): JsonValue {
  try {
    return withoutPrototypes(JSON.parse(text));
  } catch (error) {
    throw new ServiceError(400, `The body is not valid JSON: ${messageOf(error)}.`);
  }
}

/** Decodes UTF-8. @throws ServiceError 400 */
export function decodeText(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new ServiceError(400, 'The body is not valid UTF-8.');
  }
}

function jsonFields(text: string): Fields {
  const body = parseJson(text);
  if (!isObject(body)) throw new ServiceError(400, 'The body must be one JSON object.');
  const { parameters } = body;
  if (parameters !== undefined && parameters !== null && !isObject(parameters)) {
    throw wrongType('parameters', 'an object');
  }
  return {
    text(field) {
      const value = body[FIELDS[field]] ?? '';
      if (typeof value !== 'string') throw wrongType(FIELDS[field], 'a string');
      return storable(FIELDS[field], value);
    },
    list(field) {
      const value = body[FIELDS[field]] ?? [];
      if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
        throw wrongType(FIELDS[field], 'a list of strings');
      }
      return value;
    },
    parameters: parameters ?? emptyObject(),
  };
}

function formFields(text: string): Fields {
  checkPercentEncoding(text);
  const form = new URLSearchParams(text);
  const prefix = 'parameters.';
  const parameters = [...form]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), value] as const);
  return {
    text(field) {
      const values = form.getAll(field);
      if (values.length > 1) throw new ServiceError(400, `The field "${field}" is given more than once.`);
      return storable(field, values[0] ?? '');
    },
    list: (field) => form.getAll(field),
    parameters: unflatten(parameters),
  };
}

/**
 * URLSearchParams silently replaces bytes that it cannot decode, which would change a name or a password.
 * @throws ServiceError 400
 */
export function checkPercentEncoding(text: string): void {
  try {
    decodeURIComponent(text);
  } catch {
    throw new ServiceError(400, 'The form is not valid percent-encoded UTF-8.');
  }
}

function storable(field: string, text: string): string {
  if (UNSTORABLE.test(text)) throw new ServiceError(400, `The field "${field}" has a NUL or a lone surrogate.`);
  return text;
}

function wrongType(field: string, expected: string): ServiceError {
  return new ServiceError(400, `The field "${field}" must be ${expected}.`);
}
