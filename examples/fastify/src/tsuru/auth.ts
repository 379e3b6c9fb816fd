import { hash, timingSafeEqual } from 'node:crypto';

import { ServiceError } from './errors.js';

/**
 * Creates the check of HTTP basic auth. Both sides are hashed first, so that the comparison takes the same time for
 * every input of every length, with and without an old password.
 *
 * @param username as in the manifest
 * @param password as in the manifest; any characters, colons included
 * @param oldPassword accepted as well while the password changes; `''` for none
 * @returns checks the Authorization header, and throws ServiceError 401
 */
export function basicAuth(
  username: string,
  password: string,
  oldPassword = '',
): (authorization: string | undefined) => void {
  if (password === '') throw new Error('basic auth needs a password');
  const accepted = [password, oldPassword || password].map((text) => digest(Buffer.from(`${username}:${text}`)));
  return (authorization) => {
    const credentials = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? '')?.[1];
    const given = digest(Buffer.from(credentials ?? '', 'base64'));
    const matches = accepted.map((expected) => timingSafeEqual(expected, given));
    if (!matches.includes(true)) {
      throw new ServiceError(401, 'Wrong or missing user name or password for this service API.');
    }
  };
}

function digest(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}
