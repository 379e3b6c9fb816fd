/** The address and the token of Tsuru's API, for a shell: as for the client, the environment overrides the files in `~/.tsuru`. */
const ADDRESS = '${TSURU_TARGET:-$(cat ~/.tsuru/target)}';
const AUTHORIZATION = '--header "Authorization: bearer ${TSURU_TOKEN:-$(cat ~/.tsuru/token)}"';

/** The beginning of a request to Tsuru's API, as a shell command that shows the body of an error and then fails. */
export function apiRequest(method: string, path: string): string {
  return `curl --fail-with-body --request ${method} "${ADDRESS}${path}" ${AUTHORIZATION}`;
}

/**
 * The shell command that sets the permissions manifest of a service, for which the client has no command. Tsuru reads nothing in
 * a body that is neither JSON nor a form, and empties the manifest then ("Permissions manifest" in the contract).
 */
export function setPermissions(service: string): string {
  const request = apiRequest('PUT', `/1.31/services/${service}/manifest`);
  return `${request} --header 'Content-Type: application/json' --data-binary @permissions.json`;
}
