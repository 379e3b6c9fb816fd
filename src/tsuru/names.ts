/** The names that Tsuru accepts for an instance ("Names" in the contract). */
export const INSTANCE_NAME = /^[A-Za-z][-a-zA-Z0-9_]+$/;

/** The names that Tsuru accepts for a service, an app, a job, a pool or a cluster. */
export const NAME = /^[a-z][a-z0-9-]{0,39}$/;
