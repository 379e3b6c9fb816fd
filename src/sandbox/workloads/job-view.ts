import { NO_METADATA } from './app-view.ts';
import { shown } from './environment.ts';
import { planView } from '../plans.ts';
import type { Job } from '../state/records.ts';

/** A job as Tsuru's API shows it. */
export function jobView(job: Job) {
  const { image } = job;
  return {
    name: job.name,
    teamOwner: job.teamOwner,
    owner: job.owner,
    plan: planView(job.plan),
    metadata: NO_METADATA,
    pool: job.pool,
    description: job.description,
    tags: job.tags,
    deployOptions: { JobName: '', kind: image === '' ? '' : 'image', image, fileSize: 0, File: null, dockerfile: '', Message: '', User: '' },
    spec: {
      activeDeadlineSeconds: 0,
      schedule: job.schedule,
      manual: job.isManual,
      container: { internalRegistryImage: '', image, command: job.command },
      envs: job.variables.map(shown),
    },
  };
}
