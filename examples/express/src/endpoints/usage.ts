import { endpoint } from '../tsuru/endpoint.js';

/**
 * What is bound to the instance.
 *
 * Users reach it through Tsuru, as GET $TSURU_TARGET/services/express-service/resources/<instance>/usage
 *
 * Zod schemas of `params`, `query` and `response` in the first argument type and check them:
 * `{ query: z.object({ limit: z.coerce.number() }) }`. The script "openapi" then writes them to usage.schema.json.
 */
export const usage = endpoint({}, ({ instance, state, binds }) => {
  return { status: 200, body: { instance: instance.name, state, binds } };
});
