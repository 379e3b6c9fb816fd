import type { ApiRequest } from './http/request.ts';

/** The command of Tsuru's client that makes a request, if it has one. */
export function commandOf({ method, route, params }: ApiRequest): string | undefined {
  const [service = '', instance = ''] = [params['service'] ?? params['name'], params['instance']];
  const command = COMMANDS[`${method} ${route}`];
  return command?.replace('SERVICE', service).replace('INSTANCE', instance);
}

const COMMANDS: Record<string, string> = {
  'DELETE /services/{service}/instances/{instance}': 'tsuru service instance remove SERVICE INSTANCE',
};
