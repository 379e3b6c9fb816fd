import { usage } from '../endpoints/usage.js';
import type { Endpoint } from './endpoint.js';

/** The endpoints in tsuru-service.yaml, the more specific path first. Users reach them through Tsuru's proxy. */
export const endpoints: Endpoint[] = [
  { method: "GET", path: "/usage", handle: usage },
];
