import type { Readable } from 'node:stream';

import { messageOf, oneLine, ServiceError } from './errors.js';
import { unflatten } from './form-parameters.js';
import { tooLarge } from './http.js';
import { emptyObject, inexactNumber, isObject, withoutPrototypes, type JsonObject, type JsonValue } from './values.js';

/** The fields of Tsuru's calls: the name in a form, and the name in JSON. */
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

/** The body of one of Tsuru's calls, whichever encoding it came in. Fields that are not asked for are ignored. */
export interface Fields {
  /** The field's text; `''` when it is absent, which is how Tsuru says "empty". */
  text(field: FieldName): string;
  /** The field's texts, in their order; `[]` when it is absent. */
  list(field: FieldName): string[];
  parameters: JsonObject;
}

/**
 * Reads a body in either of Tsuru's encodings, told apart by the Content-Type and not by how the service is registered.
 *
 * @throws ServiceError 400 for a body that cannot be read or a field of the wrong type, 415 for another encoding
 */
export function decodeBody(contentType: string | undefined, body: Uint8Array): Fields {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (body.byteLength === 0) return formFields('');
  if (type === 'application/json') return jsonFields(decodeText(body));
  if (type === 'application/x-www-form-urlencoded') return formFields(decodeText(body));
  throw new ServiceError(415, 'Send the body as application/x-www-form-urlencoded or application/json.');
}

/** A NUL, where the store would cut a text off, and half of a character, which JSON can spell and UTF-8 cannot. */
const UNKEEPABLE = /\0|\p{Cs}/u;

/**
 * Reads a body to its end, and no further than to the limit.
 * @param limit in bytes
 * @throws ServiceError 413 as soon as it is larger, 400 when the client went away before its end
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
 * @throws ServiceError 400, also for a number that JavaScript would round: it names the field
 */
export function parseJson(text: string): JsonValue {
  const value = parsed(text);
  const inexact = inexactNumber(value);
  if (inexact !== undefined) {
    const where = inexact === '' ? 'The body' : `The field "${oneLine(inexact, 200)}"`;
    throw new ServiceError(400, `${where} holds a number that is too large to be kept exactly: send it as a string.`);
  }
  return value;
}

function parsed(text: string): JsonValue {
  try {
    return withoutPrototypes(JSON.parse(text));
  } catch (error) {
    throw new ServiceError(400, `The body is not the JSON that it should be: ${messageOf(error)}.`);
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
      return keepable(FIELDS[field], value);
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
      return keepable(field, values[0] ?? '');
    },
    list: (field) => form.getAll(field),
    parameters: unflatten(parameters),
  };
}

/** URLSearchParams replaces what it cannot decode; a name or a password must not change on its way. */
function checkPercentEncoding(text: string): void {
  try {
    decodeURIComponent(text);
  } catch {
    throw new ServiceError(400, 'The form is not valid percent-encoded UTF-8.');
  }
}

function keepable(field: string, text: string): string {
  if (UNKEEPABLE.test(text)) throw new ServiceError(400, `The field "${field}" holds a character that is not text.`);
  return text;
}

function wrongType(field: string, expected: string): ServiceError {
  return new ServiceError(400, `The field "${field}" must be ${expected}.`);
}
