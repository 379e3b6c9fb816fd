import { json, empty, type Answer } from '../http/answer.ts';
import { decoded, type Struct } from '../http/decode.ts';
import type { ApiRequest } from '../http/request.ts';
import type { Route } from '../http/router.ts';
import { orphanedGrants, validateManifest } from '../manifest.ts';
import type { PermissionsManifest } from '../records.ts';
import type { World } from '../world.ts';
import { allowedService, changing } from './services.ts';

const TEXT = { of: { kind: 'string' } } as const;

const INPUT: Struct = {
  kind: 'struct',
  name: 'service.ServiceManifest',
  fields: {
    enabled: { of: { kind: 'bool' } },
    strict_actions: { of: { kind: 'bool' }, form: 'strictactions' },
    legacy_compat: { of: { kind: 'bool' }, form: 'legacycompat' },
    operations: {
      of: { kind: 'list', of: { kind: 'struct', name: 'service.ManifestOperation', fields: { method: TEXT, path: TEXT, action: TEXT } } },
    },
  },
};

function get(request: ApiRequest, world: World): Answer {
  return json(allowedService(request, world, 'service.update', 'service').manifest);
}

/** A body that is neither JSON nor a form leaves an empty manifest, as Tsuru reads nothing in it. */
async function set(request: ApiRequest, world: World): Promise<Answer> {
  const service = allowedService(request, world, 'service.update', 'service');
  const manifest = decoded(request, INPUT) as PermissionsManifest;
  return changing(request, world, service, 'service.update', () => {
    validateManifest(manifest);
    const conflicts = orphanedGrants(service.name, world.state.roles, service.manifest?.operations ?? [], manifest.operations ?? []);
    if (conflicts.length > 0) return json({ service: service.name, conflicts }, { status: 409 });
    service.manifest = manifest;
    return empty();
  });
}

export const PERMISSIONS_MANIFEST_ROUTES: Route[] = [
  { version: '1.31', method: 'PUT', path: '/services/{service}/manifest', handler: set },
  { version: '1.31', method: 'GET', path: '/services/{service}/manifest', handler: get },
];
