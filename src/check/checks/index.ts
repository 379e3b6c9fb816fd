import type { Check } from '../check.ts';
import { auth } from './auth.ts';
import { bindApp, bindJob } from './bind.ts';
import { create } from './create.ts';
import { destroying } from './destroy.ts';
import { hostile } from './hostile.ts';
import { http } from './http.ts';
import { multiCluster } from './multi-cluster.ts';
import { names } from './names.ts';
import { parameters } from './parameters.ts';
import { plans } from './plans.ts';
import { proxy } from './proxy.ts';
import { info, status } from './status.ts';
import { unbindApp, unbindJob } from './unbind.ts';
import { update } from './update.ts';

/** Every check, in the order in which they are shown: the one source of the run, `--list` and the document. */
export const CHECKS: readonly Check[] = [
  ...plans,
  ...create,
  ...status,
  ...info,
  ...update,
  ...bindApp,
  ...bindJob,
  ...unbindApp,
  ...unbindJob,
  ...destroying,
  ...names,
  ...parameters,
  ...auth,
  ...proxy,
  ...hostile,
  ...http,
  ...multiCluster,
];
