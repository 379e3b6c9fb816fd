/** Where a permission holds; `global` has no value. */
export interface PermissionContext {
  CtxType: 'global' | 'team' | 'app' | 'job' | 'pool' | 'service' | 'service-instance' | 'user' | 'volume' | 'router';
  Value: string;
}

/** A role that was assigned to a user, for one value of the role's context. */
export interface AssignedRole {
  name: string;
  value: string;
}

export interface User {
  email: string;
  password: string;
  /** Of the logins that still hold. */
  tokens: string[];
  roles: AssignedRole[];
}

export interface Role {
  name: string;
  context: PermissionContext['CtxType'];
  description: string;
  /** Names of permissions; `*` stands for all of them. */
  permissions: string[];
  /** Names of permissions to actions of services: `service-action.SERVICE.ACTION`. */
  actions: string[];
}

export interface Team {
  name: string;
  tags: string[];
}

export interface PoolRecord {
  name: string;
  isDefault: boolean;
  isPublic: boolean;
  provisioner: string;
  labels: Record<string, string>;
}

/** In the names of Tsuru's API. */
export interface Cluster {
  name: string;
  addresses: string[];
  provisioner: string;
  pools: string[];
  custom_data: Record<string, string> | null;
  default: boolean;
}

/** A plan of apps, not of a service. */
export interface AppPlan {
  name: string;
  /** Bytes. */
  memory: number;
  cpumilli: number;
  isDefault: boolean;
}

/** One route of a service's own that a permission is given for. */
export interface ProxiedOperation {
  method: string;
  path: string;
  action: string;
}

/** The permissions manifest of a service, in Tsuru's names. */
export interface PermissionsManifest {
  enabled: boolean;
  strict_actions: boolean;
  legacy_compat: boolean;
  /** Null if none were ever given: Tsuru tells them from an empty list. */
  operations: ProxiedOperation[] | null;
}

export interface Service {
  name: string;
  username: string;
  password: string;
  /** Addresses by the name of a cluster, with `production` for all others. */
  endpoints: Record<string, string>;
  ownerTeams: string[];
  teams: string[];
  doc: string;
  isMultiCluster: boolean;
  /** `''` is a form. */
  encoding: string;
  manifest: PermissionsManifest | null;
}

/** A value that came in JSON. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** An instance of a service. */
export interface Instance {
  name: string;
  service: string;
  plan: string;
  apps: string[];
  jobs: string[];
  teams: string[];
  teamOwner: string;
  description: string;
  tags: string[];
  parameters: Record<string, Json>;
  pool: string;
}

/** A variable of an app or a job that its user set. */
export interface Variable {
  name: string;
  value: string;
  isPublic: boolean;
}

/** A variable that a bind brought. */
export interface BoundVariable {
  service: string;
  instance: string;
  name: string;
  value: string;
}

/** What apps and jobs have in common: they are records only, nothing runs. */
interface Workload {
  name: string;
  teamOwner: string;
  teams: string[];
  /** The user that made it. */
  owner: string;
  pool: string;
  /** As it was when it was chosen. */
  plan: AppPlan;
  description: string;
  tags: string[];
  variables: Variable[];
  bound: BoundVariable[];
}

export interface App extends Workload {
  platform: string;
}

export interface Job extends Workload {
  schedule: string;
  isManual: boolean;
  image: string;
  command: string[];
}

export interface EventTarget {
  Type: string;
  Value: string;
}

/** An event, in the names of Tsuru's API. Times are in the form of RFC 3339. */
export interface EventRecord {
  UniqueID: string;
  Lock: EventTarget | null;
  StartTime: string;
  EndTime: string;
  Target: EventTarget;
  ExtraTargets: { Target: EventTarget; Lock: boolean }[] | null;
  Kind: { Type: string; Name: string };
  Owner: { Type: string; Name: string };
  SourceIP: string;
  Error: string;
  Log: string;
  StructuredLog: { Date: string; Message: string }[] | null;
  Running: boolean;
  Allowed: { Scheme: string; Contexts: PermissionContext[] };
  /** The permission that is needed to cancel it; without one, it cannot be. */
  AllowedCancel: { Scheme: string; Contexts: PermissionContext[] } | null;
  /** What was asked for: the fields of the request, sorted by name; null if they are not kept. */
  start: { name: string; value: string | string[] }[] | null;
}

/** All that the platform knows, each list in the order of creation. It is kept as JSON. */
export interface State {
  users: User[];
  roles: Role[];
  teams: Team[];
  pools: PoolRecord[];
  clusters: Cluster[];
  plans: AppPlan[];
  services: Service[];
  instances: Instance[];
  apps: App[];
  jobs: Job[];
  events: EventRecord[];
}
