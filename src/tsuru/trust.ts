import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

/** Which certificates of a service are trusted, besides those that Node.js trusts. */
export interface Trust {
  /** Certificates of authorities, as PEM text, added to the roots that come with Node.js. */
  ca?: string;
  /** The file that `ca` was read from, for commands to repeat a call with. */
  file?: string;
  /** Takes any certificate. */
  insecure?: boolean;
}

/** The options of a TLS connection that trusts as told. @throws Error if `ca` has a certificate that cannot be read */
export function tlsOptions({ ca, insecure = false }: Trust): { rejectUnauthorized: boolean; secureContext?: SecureContext } {
  return { rejectUnauthorized: !insecure, ...(ca !== undefined && { secureContext: contextFor(ca) }) };
}

/** By the text of `ca`: reading all roots anew takes longer than a call. */
const contexts = new Map<string, SecureContext>();

function contextFor(ca: string): SecureContext {
  const context = contexts.get(ca) ?? createSecureContext({ ca: [...rootCertificates, ca] });
  contexts.set(ca, context);
  return context;
}

/**
 * The trust that a file of authorities gives. A list of authorities replaces the one that Node.js starts with, so those of
 * NODE_EXTRA_CA_CERTS are read again; like Node.js, this ignores such a file if it cannot be read.
 * @throws Error if the file cannot be read, or does not begin with a certificate
 */
export function readTrust(file: string, environment: Record<string, string | undefined>): Trust {
  const own = readFileSync(file, 'utf8');
  try {
    new X509Certificate(own);
  } catch {
    throw new Error(`${file} is not a file of certificates (PEM)`);
  }
  return { file, ca: `${own}\n${textOf(environment['NODE_EXTRA_CA_CERTS'] ?? '')}` };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
