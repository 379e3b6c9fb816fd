import type { Provisioning } from './creations.js';

/** The answers in tsuru-service.yaml that the service needs at run time. */
export const answers: { service: string; provisioning: Provisioning; multiCluster: boolean } = {
  service: "hono-service",
  provisioning: "inline",
  multiCluster: false,
};
