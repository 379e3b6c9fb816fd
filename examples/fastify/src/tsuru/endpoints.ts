import { usage } from '../endpoints/usage.js';
import type { AnyEndpoint } from './endpoint.js';

/** The endpoints in tsuru-service.yaml, the more specific path first. Users reach them through Tsuru's proxy. */
export const endpoints: (AnyEndpoint & { name: string })[] = [
  { name: "usage", method: "GET", path: "/usage", handle: usage },
];
