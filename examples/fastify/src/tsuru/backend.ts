import type { JsonObject } from './values.js';

/** The variables that an app or a job gets from a bind: names as in a shell, values always strings. */
export type Variables = Record<string, string>;

/** Whatever a backend wants to remember of an instance: the id at a vendor, the name of a database, ... It is kept as JSON. */
export type InstanceData = JsonObject;

/** An instance of the service, as its team asked for it. */
export interface Instance {
  /** Made by this service; stays the same until the instance is destroyed, and is never used again. */
  id: string;
  /** The name that its team chose, unique in this service: `^[A-Za-z][-a-zA-Z0-9_]+$`, any length, case-sensitive. */
  name: string;
  team: string;
  /** The plan asked for; `''` when none was, and then the first plan holds. */
  plan: string;
  description: string;
  tags: string[];
  parameters: JsonObject;
  /** What `create` or `update` returned last. */
  data: InstanceData;
}

/** A plan of the service, from src/plans.ts. */
export interface BackendPlan {
  name: string;
  description: string;
}

/** Who asked: `user` is an address or a token's name, empty for Tsuru itself; `event` is the id in `tsuru event info`. */
export interface Requester {
  user: string;
  event: string;
}

/** Where an instance of a multi-cluster service lives, from the X-Tsuru-Pool-* and X-Tsuru-Cluster-* headers. */
export interface Cluster {
  pool: string;
  poolProvisioner: string;
  /** Empty when the pool belongs to no cluster. */
  name: string;
  provisioner: string;
  addresses: string[];
  /** Only when Tsuru's cluster says so. A secret: never log it. */
  kubeConfig?: JsonObject;
}

/** What every call of a backend gets. */
export interface Request {
  instance: Instance;
  plan: BackendPlan;
  /**
   * The instance's parameters, checked and coerced by the plan's schema; for a bind, the bind's own. An app that comes
   * back without any has those of its last bind, within an hour of the unbind.
   */
  parameters: JsonObject;
  requestedBy: Requester;
  /** Only of a multi-cluster service. */
  cluster: Cluster | undefined;
  /**
   * Aborted when the work is no longer wanted: the instance is being destroyed, the time that Tsuru waits is over, or
   * the service has to stop. Hand it to what waits (`fetch(url, { signal })`); nothing else on the instance starts before
   * the call has ended.
   */
  signal: AbortSignal;
}

export interface UpdateRequest extends Request {
  /** The instance before the update; `instance`, `plan` and `parameters` are the new ones. */
  previous: Instance;
}

interface BindRequest extends Request {
  /**
   * A password for this bind: 43 URL-safe characters. It is the same whenever the same app or job is bound again
   * within an hour of its unbind, so credentials made from it come back as they were.
   */
  secret: string;
  /** The variables that this app or job had when it was bound before, within the last hour. */
  previous: Variables | undefined;
}

export interface BindAppRequest extends BindRequest {
  app: {
    name: string;
    /** The app's addresses: they change over its life, so never make them the key of anything. */
    hosts: string[];
    internalHosts: string[];
    pool: string;
    poolProvisioner: string;
    cluster: string;
    clusterProvisioner: string;
    clusterAddresses: string[];
  };
}

export interface UnbindAppRequest extends Request {
  app: { name: string };
}

export interface BindJobRequest extends BindRequest {
  job: { name: string; pool: string; cluster: string };
}

export interface UnbindJobRequest extends Request {
  job: { name: string };
}

/** `up`, `pending` and `down` are what `tsuru service instance info` knows as a status; any other text is shown as it is. */
export type Status = 'up' | 'pending' | 'down' | { text: string };

/** A line of `tsuru service instance info`. */
export interface InfoItem {
  label: string;
  value: string;
}

/**
 * What really provisions: the one thing to write. Rules that hold for every method:
 *
 * - It may run again after a failure, a timeout or a restart, so it takes what is already done as done.
 * - Throw `ServiceError` with a 4xx to refuse, before anything was changed: its message is what the user reads.
 *   Throw one with a 5xx to fail in words of yours. Anything else that is thrown is a failure, too, whose text goes to
 *   the log only: it may have addresses in it. `destroy`, `unbindApp` and `unbindJob` cannot refuse.
 * - Two methods never run at once for the same instance, `status` and `info` apart. A call that goes on after its signal
 *   keeps the instance locked until it ends, and what it returns still counts.
 */
export interface Backend {
  /** Makes what the instance stands for. What it returns is `instance.data` from then on. */
  create(request: Request): Promise<InstanceData | void>;
  /** Changes the plan, the parameters or the description. What it returns replaces `instance.data`. */
  update(request: UpdateRequest): Promise<InstanceData | void>;
  /** Removes everything of the instance. Its binds were revoked before, one by one. */
  destroy(request: Request): Promise<void>;
  /** Lets an app in: makes its credentials and returns its variables. */
  bindApp(request: BindAppRequest): Promise<Variables>;
  /** Takes the app's access away. The credentials of other apps stay as they are. */
  unbindApp(request: UnbindAppRequest): Promise<void>;
  /** Lets a job in. A job and an app of the same name are two binds. */
  bindJob(request: BindJobRequest): Promise<Variables>;
  unbindJob(request: UnbindJobRequest): Promise<void>;
  /** How a created instance is now; without it a created instance is `up`. */
  status?(request: Request): Promise<Status>;
  /** Lines for `tsuru service instance info`; they are added to those of this service. No secrets: every member of the team sees them. */
  info?(request: Request): Promise<InfoItem[]>;
}
