import { json, empty, type Answer } from '../http/answer.ts';
import { decoded, struct } from '../http/decode.ts';
import type { ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { quoted } from '../http/go-text.ts';
import { orphanedGrants, validateManifest } from '../permissions/manifest.ts';
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
  const operations = manifest.operations ?? [];
  let refusal: Answer | undefined;
  return changing(request, world, service, 'service.update', () => {
    validateManifest(manifest);
    const conflicts = orphanedGrants(service.name, world.state.roles, service.manifest?.operations ?? [], operations);
    if (conflicts.length > 0) {
      refusal = json({ service: service.name, conflicts }, { status: 409 });
      const orphans = conflicts.map(({ action, roles }) => `${action} (${roles.join(', ')})`).join('; ');
      throw new Error(`manifest for service ${quoted(service.name)} would orphan active dynamic grants: ${orphans}`);
    }
    service.manifest = { ...manifest, operations };
    return empty();
  }).catch((error: unknown) => {
    if (refusal === undefined) throw error;
    return refusal;
  });
}

export const PERMISSIONS_MANIFEST_ROUTES = routes({
  '1.31 PUT /services/{service}/manifest': set,
  '1.31 GET /services/{service}/manifest': get,
});
