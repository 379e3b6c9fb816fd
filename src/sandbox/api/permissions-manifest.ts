import { json, empty, type Answer } from '../http/answer.ts';
import { decoded, struct } from '../http/decode.ts';
import type { ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { orphanedGrants, validateManifest } from '../manifest.ts';
import type { World } from '../world.ts';
import { allowedService, changing } from './services.ts';

const INPUT = struct('service.ServiceManifest', {
  ...{ enabled: 'bool', strict_actions: 'bool', legacy_compat: 'bool' },
  operations: [struct('service.ManifestOperation', { method: 'string', path: 'string', action: 'string' })],
});

function get(request: ApiRequest, world: World): Answer {
  return json(allowedService(request, world, 'service.update').manifest);
}

/** A body that is neither JSON nor a form leaves an empty manifest, as Tsuru reads nothing in it. */
async function set(request: ApiRequest, world: World): Promise<Answer> {
  const service = allowedService(request, world, 'service.update');
  const manifest = decoded(request, INPUT);
  return changing(request, world, service, 'service.update', () => {
    validateManifest(manifest);
    const conflicts = orphanedGrants(service.name, world.state.roles, service.manifest?.operations ?? [], manifest.operations ?? []);
    if (conflicts.length > 0) return json({ service: service.name, conflicts }, { status: 409 });
    service.manifest = manifest;
    return empty();
  });
}

export const PERMISSIONS_MANIFEST_ROUTES = routes({
  '1.31 PUT /services/{service}/manifest': set,
  '1.31 GET /services/{service}/manifest': get,
});
