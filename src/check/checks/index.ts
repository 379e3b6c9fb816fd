import type { Check } from '../check.ts';
import { authChecks } from './auth.ts';
import { bindAppChecks, bindJobChecks } from './bind.ts';
import { createChecks } from './create.ts';
import { destroyChecks } from './destroy.ts';
import { hostileChecks } from './hostile.ts';
import { httpChecks } from './http.ts';
import { multiClusterChecks } from './multi-cluster.ts';
import { nameChecks } from './names.ts';
import { parameterChecks } from './parameters.ts';
import { planChecks } from './plans.ts';
import { proxyChecks } from './proxy.ts';
import { infoChecks, statusChecks } from './status.ts';
import { unbindAppChecks, unbindJobChecks } from './unbind.ts';
import { updateChecks } from './update.ts';

/** Every check, in the order in which they are shown: the one source of the run, `--list` and the document. */
export const CHECKS: readonly Check[] = [
  ...planChecks,
  ...createChecks,
  ...statusChecks,
  ...infoChecks,
  ...updateChecks,
  ...bindAppChecks,
  ...bindJobChecks,
  ...unbindAppChecks,
  ...unbindJobChecks,
  ...destroyChecks,
  ...nameChecks,
  ...parameterChecks,
  ...authChecks,
  ...proxyChecks,
  ...hostileChecks,
  ...httpChecks,
  ...multiClusterChecks,
];
