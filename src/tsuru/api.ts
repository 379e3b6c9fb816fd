/**
 * Where Tsuru's API is and the header that lets in, for a request from a shell: the client keeps both in `~/.tsuru`,
 * and TSURU_TARGET and TSURU_TOKEN win over them, as with the client itself.
 */
const TARGET = '${TSURU_TARGET:-$(cat ~/.tsuru/target)}';
const LET_IN = '--header "Authorization: bearer ${TSURU_TOKEN:-$(cat ~/.tsuru/token)}"';

/** The beginning of a request to Tsuru's API, for a shell; on a failure it shows what Tsuru said, and ends with a code. */
export function apiRequest(method: string, path: string): string {
  return `curl --fail-with-body --request ${method} "${TARGET}${path}" ${LET_IN}`;
}

/**
 * The request that sets the permissions manifest of a service; the client has no command for it. Tsuru takes JSON only,
 * and takes anything else as an empty manifest ("Permissions manifest" of the contract).
 */
export function setPermissions(service: string): string {
  const request = apiRequest('PUT', `/1.31/services/${service}/manifest`);
  return `${request} --header 'Content-Type: application/json' --data-binary @permissions.json`;
}
