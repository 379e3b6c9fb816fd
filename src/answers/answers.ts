/** The record: the file of the answers in a generated project, which its owner may edit. */
export const RECORD = 'tsuru-service.yaml';

export const FRAMEWORKS = ['express', 'fastify', 'hono'] as const;
export const BACKENDS = ['blank'] as const;
export const STORES = ['sqlite'] as const;
export const PROVISIONINGS = ['inline', 'background'] as const;
export const ENCODINGS = ['form', 'json'] as const;
export const PACKAGE_MANAGERS = ['npm', 'pnpm', 'yarn', 'bun'] as const;

export type Framework = (typeof FRAMEWORKS)[number];
export type PackageManager = (typeof PACKAGE_MANAGERS)[number];

export interface PlanAnswer {
  name: string;
  description: string;
}

/** A route of the service's own, below `/resources/{name}`. */
export interface EndpointAnswer {
  /** Kebab-case; the name of its file. */
  name: string;
  method: 'DELETE' | 'GET' | 'HEAD' | 'OPTIONS' | 'PATCH' | 'POST' | 'PUT';
  /** Such as `/backups/{id}`. */
  path: string;
  /** What Tsuru grants: `^[a-z0-9-]+(\.[a-z0-9-]+)*$`. */
  action: string;
  description: string;
}

/** What the user chose: everything that a render depends on. */
export interface Answers {
  /** The service's id in Tsuru, `^[a-z][a-z0-9-]{0,39}$`, and the name of the package. */
  name: string;
  framework: Framework;
  backend: (typeof BACKENDS)[number];
  store: (typeof STORES)[number];
  provisioning: (typeof PROVISIONINGS)[number];
  encoding: (typeof ENCODINGS)[number];
  multiCluster: boolean;
  /** `strict_actions` of the permissions manifest: paths that it does not list are refused. */
  strictActions: boolean;
  /** `legacy_compat` of the permissions manifest: the general permission for the proxy passes on the paths that it lists. */
  legacyCompat: boolean;
  /** `''` lets Tsuru take the only team of whoever registers the service. */
  team: string;
  /** The URL under which Tsuru reaches the service API, without a slash at its end. */
  endpoint: string;
  plans: PlanAnswer[];
  packageManager: PackageManager;
  /** The exact one, as package.json has it: `yarn@4.9.1`; `''` or that of another one for the version that is known to work. */
  packageManagerVersion: string;
  endpoints: EndpointAnswer[];
}

/** The endpoint that a new project starts with, as an example. */
export const EXAMPLE_ENDPOINT: EndpointAnswer = {
  name: 'usage',
  method: 'GET',
  path: '/usage',
  action: 'usage.show',
  description: 'What is bound to the instance',
};
