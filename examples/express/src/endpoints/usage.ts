import type { EndpointHandler } from '../tsuru/endpoint.js';

/**
 * What is bound to the instance.
 *
 * Users reach it through Tsuru, as GET $TSURU_TARGET/services/express-service/resources/<instance>/usage
 */
export const usage: EndpointHandler = ({ instance, state, binds }) => {
  return { status: 200, body: { instance: instance.name, state, binds } };
};
