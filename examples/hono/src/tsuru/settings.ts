import type { Provisioning } from './life-cycle.js';

/** The answers in tsuru-service.yaml that the running service needs. */
export const settings: { service: string; provisioning: Provisioning; multiCluster: boolean } = {
  service: "hono-service",
  provisioning: "inline",
  multiCluster: false,
};
