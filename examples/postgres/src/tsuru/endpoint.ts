import type { z } from 'zod';

import type { createBackend } from '../backend.js';
import type { Cluster, DataSoFar, Instance, UpdateRequest } from './backend.js';
import type { WorkloadKey } from './backend-calls.js';
import { parseRequest, type EndpointBody } from './endpoint-input.js';
import type { Headers, Log, Method } from './http.js';
import type { InstanceState } from './store-rows.js';
import type { JsonObject } from './values.js';

/** The backend in src/backend.ts. */
type OwnBackend = ReturnType<typeof createBackend>;

type OwnData = OwnBackend extends { update(request: UpdateRequest<infer Data>): unknown } ? Data : JsonObject;

/** A request to an endpoint of the service itself, the same in every web framework. */
export interface ServiceEndpointRequest {
  method: string;
  /** The parameters of the path, decoded: `{id: '7'}` for `/backups/{id}`. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** Names in lower case. Trust none of them: Tsuru's proxy passes on those that its user sends. */
  headers: Headers;
  /**
   * The user, according to Tsuru. Undefined for GET and HEAD: Tsuru records no event for them, and users could forge it.
   */
  user: string | undefined;
  body: EndpointBody;
  /** The backend in src/backend.ts. In a test of an endpoint it is the one that the test passes to `testService`. */
  backend: OwnBackend;
  log: Log;
}

/** A request to an endpoint of an instance, `/resources/{name}/...`. */
export interface EndpointRequest extends ServiceEndpointRequest {
  /** The instance in the path. It exists, in any state; its data may be missing before it is ready. */
  instance: Instance<DataSoFar<OwnData>>;
  state: InstanceState;
  /** The apps and jobs that are bound to the instance. */
  binds: WorkloadKey[];
  /** The pool in which the instance was created; only for a multi-cluster service. */
  cluster: Cluster | undefined;
}

export interface EndpointResponse<Body = unknown> {
  /** 200 to 599. */
  status: number;
  /** May override the Content-Type that follows from the body. */
  headers?: Record<string, string>;
  /** A string is sent as text, bytes unchanged, and anything else as JSON. */
  body?: Body;
}

/** Schemas of an endpoint. Each is optional. */
export interface EndpointSchemas {
  /** Of an object with the path's parameters, which are texts: `z.object({ id: z.coerce.number() })`. */
  params?: z.ZodType;
  /** Of an object with the parameters of the query, which are texts, or lists of texts when they are repeated. */
  query?: z.ZodType;
  /** Of a JSON body, or of an object with the fields of a form. */
  body?: z.ZodType;
  /** Of the body of a response with the status 200; for the types and openapi.yaml, since it is not checked. */
  response?: z.ZodType;
}

type Handler<Request, Body = unknown> = (
  request: Request,
) => EndpointResponse<Body> | Promise<EndpointResponse<Body>>;

export type EndpointHandler = Handler<EndpointRequest> & { schemas?: EndpointSchemas };
export type ServiceEndpointHandler = Handler<ServiceEndpointRequest> & { schemas?: EndpointSchemas };

/** A request whose parts are the output of the schemas, where there are any. */
type Parsed<Request extends ServiceEndpointRequest, Schemas extends EndpointSchemas> = Omit<
  Request,
  'params' | 'query' | 'body'
> & {
  params: Schemas extends { params: infer Schema extends z.ZodType } ? z.output<Schema> : Request['params'];
  query: Schemas extends { query: infer Schema extends z.ZodType } ? z.output<Schema> : Request['query'];
  body: Schemas extends { body: infer Schema extends z.ZodType } ? z.output<Schema> : Request['body'];
};

type ResponseBody<Schemas> = Schemas extends { response: infer Schema extends z.ZodType } ? z.output<Schema> : unknown;

/**
 * An endpoint with schemas, which type and check its `params`, `query` and `body`: a request that does not match is a 400
 * that names the field. They are also in openapi.yaml, once `openapi` of package.json has written them.
 */
export function endpoint<Schemas extends EndpointSchemas>(
  schemas: Schemas,
  handler: Handler<Parsed<EndpointRequest, Schemas>, ResponseBody<Schemas>>,
): EndpointHandler {
  return withSchemas(schemas, handler);
}

/** The same for an endpoint of the service itself, which has no instance. */
export function serviceEndpoint<Schemas extends EndpointSchemas>(
  schemas: Schemas,
  handler: Handler<Parsed<ServiceEndpointRequest, Schemas>, ResponseBody<Schemas>>,
): ServiceEndpointHandler {
  return withSchemas(schemas, handler);
}

function withSchemas<Request extends ServiceEndpointRequest, Schemas extends EndpointSchemas>(
  schemas: Schemas,
  handler: Handler<Parsed<Request, Schemas>>,
): Handler<Request> & { schemas: EndpointSchemas } {
  const handle = (request: Request) => handler(parseRequest(request, schemas) as Parsed<Request, Schemas>);
  return Object.assign(handle, { schemas });
}

/** An endpoint of an instance. */
export interface Endpoint {
  /** As in tsuru-service.yaml. */
  name?: string;
  method: Method;
  /** Below the instance, with `:parameters` of any names. */
  path: string;
  scope?: 'instance';
  handle: EndpointHandler;
}

/**
 * An endpoint of the service itself. `service`: for the service's owners, at the root of the API. `authenticated`: for
 * every logged-in user of Tsuru, below `/authenticated-resources`.
 */
export interface ServiceEndpoint {
  /** As in tsuru-service.yaml. */
  name?: string;
  method: Method;
  path: string;
  scope: 'service' | 'authenticated';
  handle: ServiceEndpointHandler;
}

export type AnyEndpoint = Endpoint | ServiceEndpoint;
