import { readFileSync } from 'node:fs';

import { z } from 'zod';

/** libpq's modes. `prefer` and `allow` are left out: a server that offers no TLS would get everything in plain text. */
const sslmode = z.enum(['disable', 'require', 'verify-ca', 'verify-full'], {
  error: 'must be disable, require, verify-ca or verify-full',
});

export type SslMode = z.output<typeof sslmode>;

const EXAMPLE = 'such as postgres://admin:password@localhost:5432/postgres';

/** The environment variables of this backend, for src/settings.ts. */
export const postgresSettings = {
  /** The account that creates databases and roles. */
  POSTGRES_ADMIN_URL: z
    .string({ error: `is missing: the admin account, ${EXAMPLE}` })
    .min(1, `is empty: the admin account, ${EXAMPLE}`)
    .superRefine((text, context) => {
      if (text === '') return;
      const problem = isPostgresUrl(text) ? sslmodeProblem(new URL(text)) : `must be a URL, ${EXAMPLE}`;
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    }),
  /** How the service itself connects; the `sslmode` of the URL unless it is set. */
  POSTGRES_SSLMODE: optional(sslmode),
  /** The file with the server's certificate authority, in PEM format; the text of the file once it is read. */
  POSTGRES_CA_FILE: optional(z.string().transform(readFile)),
  /** The address for apps and jobs; that of the admin URL unless it is set. */
  POSTGRES_PUBLIC_HOST: optional(z.string().regex(/^[\w.:-]+$/, 'must be a host name or an IP address')),
  POSTGRES_PUBLIC_PORT: optional(z.coerce.number({ error: 'must be a port' }).int().min(1).max(65535)),
  /** Passed on to apps and jobs as PGSSLMODE and PGSSLROOTCERT. */
  POSTGRES_PUBLIC_SSLMODE: optional(sslmode),
  POSTGRES_PUBLIC_SSLROOTCERT: optional(z.string()),
};

export type PostgresSettings = z.output<z.ZodObject<typeof postgresSettings>>;

/** The `sslmode` of an admin URL; undefined without one. */
export function sslmodeIn(url: URL): SslMode | undefined {
  return sslmode.safeParse(url.searchParams.get('sslmode')).data;
}

/** A variable that is empty counts as not set. */
function optional<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => (value === '' ? undefined : value), schema.optional());
}

function isPostgresUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username } = new URL(text);
  return /^postgres(ql)?:$/.test(protocol) && hostname !== '' && username !== '';
}

function sslmodeProblem(url: URL): string | undefined {
  const isKnown = !url.searchParams.has('sslmode') || sslmodeIn(url) !== undefined;
  return isKnown ? undefined : 'has an sslmode other than disable, require, verify-ca and verify-full';
}

function readFile(path: string, context: z.RefinementCtx): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    context.addIssue({ code: 'custom', message: 'names a file that cannot be read' });
    return z.NEVER;
  }
}
