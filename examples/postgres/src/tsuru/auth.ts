import { hash, timingSafeEqual } from 'node:crypto';

import { ServiceError } from './errors.js';

/**
 * Creates the check of HTTP basic auth. Both sides are hashed first, so that the comparison takes the same time for
 * every input of every length.
 *
 * @param username as in the manifest
 * @param password as in the manifest; any characters, colons included
 * @returns checks the Authorization header, and throws ServiceError 401
 */
export function basicAuth(username: string, password: string): (authorization: string | undefined) => void {
  if (password === '') throw new Error('basic auth needs a password');
  const expected = digest(Buffer.from(`${username}:${password}`));
  return (authorization) => {
    const credentials = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? '')?.[1];
    const given = digest(Buffer.from(credentials ?? '', 'base64'));
    if (!timingSafeEqual(expected, given)) {
      throw new ServiceError(401, 'Wrong or missing user name or password for this service API.');
    }
  };
}

function digest(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}
