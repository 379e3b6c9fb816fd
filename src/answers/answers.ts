/** The record: the file in a generated project that has the answers. The user may edit it. */
export const RECORD = 'tsuru-service.yaml';

export const FRAMEWORKS = ['express', 'fastify', 'hono'] as const;
export const BACKENDS = ['blank', 'postgres'] as const;
export const STORES = ['sqlite', 'postgres'] as const;
export const PROVISIONINGS = ['inline', 'background'] as const;
export const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const;
export const ENDPOINT_SCOPES = ['instance', 'service', 'authenticated'] as const;
export const ENCODINGS = ['form', 'json'] as const;
export const PACKAGE_MANAGERS = ['npm', 'pnpm', 'yarn', 'bun'] as const;

export type Store = (typeof STORES)[number];
export type Framework = (typeof FRAMEWORKS)[number];
export type PackageManager = (typeof PACKAGE_MANAGERS)[number];

export interface PlanAnswer {
  name: string;
  description: string;
}

/** An endpoint of the service's own. */
export interface EndpointAnswer {
  /** Kebab-case; also the name of its file. */
  name: string;
  method: 'DELETE' | 'GET' | 'HEAD' | 'OPTIONS' | 'PATCH' | 'POST' | 'PUT';
  /** Such as `/backups/{id}`. */
  path: string;
  /**
   * Undefined: of an instance, below `/resources/{name}`. `service`: for the service's owners, at the root of the API.
   * `authenticated`: for every logged-in user, below `/authenticated-resources`.
   */
  scope?: Exclude<(typeof ENDPOINT_SCOPES)[number], 'instance'>;
  /** The action that Tsuru grants to roles, `^[a-z0-9-]+(\.[a-z0-9-]+)*$`; `''` unless it is an endpoint of an instance. */
  action: string;
  description: string;
}

/** The choices of the user: everything that a render depends on. */
export interface Answers {
  /** The service's id in Tsuru, `^[a-z][a-z0-9-]{0,39}$`, and the name of the package. */
  name: string;
  framework: Framework;
  backend: (typeof BACKENDS)[number];
  store: Store;
  provisioning: (typeof PROVISIONINGS)[number];
  encoding: (typeof ENCODINGS)[number];
  multiCluster: boolean;
  /** `strict_actions` of the permissions manifest: paths that are not listed are refused. */
  strictActions: boolean;
  /** `legacy_compat` of the permissions manifest: the general proxy permission is enough for the listed paths. */
  legacyCompat: boolean;
  /** `''` lets Tsuru use the only team of the user who registers the service. */
  team: string;
  /** The URL at which Tsuru reaches the service API, without a trailing slash. */
  endpoint: string;
  plans: PlanAnswer[];
  packageManager: PackageManager;
  /** The exact version, as in package.json: `yarn@4.9.1`. `''`, or a version of another package manager, means the tested version. */
  packageManagerVersion: string;
  endpoints: EndpointAnswer[];
}

/** The example endpoint of a new project. */
export const EXAMPLE_ENDPOINT: EndpointAnswer = {
  name: 'usage',
  method: 'GET',
  path: '/usage',
  action: 'usage.show',
  description: 'What is bound to the instance',
};
