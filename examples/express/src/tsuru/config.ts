import { existsSync } from 'node:fs';

import { z } from 'zod';

import { storeConfig, storeVariables, type StoreConfig } from './store-config.js';

/** Headers that must never reach the log. */
const SECRET_HEADERS = ['authorization', 'proxy-authorization', 'cookie', 'x-tsuru-cluster-kube-config'];

/** The environment variables that the service reads. Those that are not set may come from `.env`. */
const environment = z.object({
  PORT: z.coerce.number({ error: 'must be a number' }).int().min(0).max(65535).default(8888),
  HOST: z.string().min(1).default('0.0.0.0'),
  SERVICE_USERNAME: z.string().min(1),
  SERVICE_PASSWORD: z.string().min(1),
  SERVICE_OLD_PASSWORD: z.string().default(''),
  BASE_PATH: z
    .string()
    .regex(/^(\/[\w.~-]+)*$/, 'must be a path such as /my/base, or empty')
    .default(''),
  ...storeVariables,
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  REQUEST_ID_HEADER: z
    .string()
    .regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/, 'must be the name of a header')
    .refine(
      (name) => !SECRET_HEADERS.includes(name.toLowerCase()),
      'names a header that holds a secret: it would be logged',
    )
    .default('X-Request-ID'),
  REFUSE_PROXIED_CALLS: z.stringbool({ error: 'must be true or false' }).default(true),
  BODY_LIMIT: z.coerce
    .number({ error: 'must be a number of bytes' })
    .int()
    .min(1024)
    .default(1024 * 1024),
});

export interface Config {
  port: number;
  host: string;
  username: string;
  password: string;
  /** Accepted as well while the password changes; `''` for none. */
  oldPassword: string;
  basePath: string;
  store: StoreConfig;
  logLevel: z.infer<typeof environment>['LOG_LEVEL'];
  /** The header with the id of a request, in lower case. */
  requestIdHeader: string;
  refuseProxied: boolean;
  /** In bytes. */
  bodyLimit: number;
}

/**
 * Reads the configuration, and the settings of your own. Without a password the service does not start.
 * @param variables such as `process.env`
 * @param schema of src/settings.ts
 * @throws Error that names every invalid variable, and no value
 */
export function readConfig<Schema extends z.ZodObject>(
  variables: Readonly<Record<string, string | undefined>>,
  schema: Schema,
): { config: Config; settings: z.output<Schema> } {
  const problems: string[] = [];
  const read = <Part extends z.ZodObject>(part: Part): z.output<Part> | undefined => {
    try {
      const { data, error } = part.safeParse(variables, {
        error: ({ input }) => (input === undefined ? 'is missing' : input === '' ? 'is empty' : undefined),
      });
      problems.push(...(error?.issues ?? []).map(({ path, message }) => `  ${[...path, message].join(' ')}`));
      return data;
    } catch (error) {
      // Its message may quote a value.
      problems.push(`  src/settings.ts cannot check the variables: its schema throws ${(error as Error).name}`);
      return undefined;
    }
  };
  const [data, settings] = [read(environment), read(schema)];
  if (data !== undefined && settings !== undefined) return { config: configOf(data), settings };
  throw new Error(`Set these in the environment or in .env (.env.example explains them):\n${problems.join('\n')}`);
}

function configOf(data: z.output<typeof environment>): Config {
  return {
    port: data.PORT,
    host: data.HOST,
    username: data.SERVICE_USERNAME,
    password: data.SERVICE_PASSWORD,
    oldPassword: data.SERVICE_OLD_PASSWORD,
    basePath: data.BASE_PATH,
    store: storeConfig(data),
    logLevel: data.LOG_LEVEL,
    requestIdHeader: data.REQUEST_ID_HEADER.toLowerCase(),
    refuseProxied: data.REFUSE_PROXIED_CALLS,
    bodyLimit: data.BODY_LIMIT,
  };
}

/** Loads `.env` from the working directory, if it exists. Variables that are already set keep their values. */
export function loadEnvironmentFile(): void {
  if (existsSync('.env')) process.loadEnvFile('.env');
}
