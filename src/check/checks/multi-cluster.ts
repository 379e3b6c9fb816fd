import { fromPool, type Pool } from '../../tsuru/pool.ts';
import type { Check } from '../check.ts';
import type { Probe } from '../probe.ts';
import { outcomeOf, type Sent, statusOf } from '../sent.ts';

const PART = 'Every request';

async function createIn(probe: Probe, pool: Pool): Promise<Sent> {
  return probe.send(fromPool(probe.calls.create(probe.newName(), await probe.fields()), pool));
}

/** As large as a real one with its certificates. */
const KUBE_CONFIG = Buffer.from(
  JSON.stringify({ cluster: { server: 'https://203.0.113.1:6443' }, user: { token: 'x'.repeat(6000) } }),
).toString('base64');

export const multiClusterChecks: readonly Check[] = [
  {
    id: 'multi-cluster.pool-only',
    level: 'must',
    rule: 'An instance can be created in a pool without a cluster.',
    part: PART,
    fix: 'Accept calls with X-Tsuru-Pool-Name but no cluster headers.',
    perEncoding: true,
    multiCluster: true,
    async run(probe) {
      const sent = await createIn(probe, { name: 'check-pool', provisioner: 'kubernetes' });
      await probe.requireSpecial(sent, 'the create', probe.needCreate);
    },
  },
  {
    id: 'multi-cluster.kube-config',
    level: 'must',
    rule: 'A call may carry the configuration of its cluster, about 8 KB in a header.',
    part: PART,
    fix: 'Allow at least 16 KB of headers, and read X-Tsuru-Cluster-Kube-Config as base64-encoded JSON; never log it.',
    multiCluster: true,
    async run(probe) {
      const pool = { name: 'check-pool', cluster: { name: 'check-cluster', kubeConfig: KUBE_CONFIG } };
      await probe.requireSpecial(await createIn(probe, pool), 'the create', probe.needCreate);
    },
  },
  {
    id: 'multi-cluster.plans-without-pool',
    level: 'should',
    rule: 'Without a pool, plans returns a list, or a 400 that makes Tsuru ask again for each pool.',
    part: 'Replies: status, info and plans',
    fix: 'Return 200 with a list, or 400 with {"missing_params": ["cluster"]}.',
    multiCluster: true,
    async run(probe) {
      const sent = await probe.send(fromPool(probe.calls.plans(), undefined));
      const isAsking = !sent.reading.ok && sent.reading.sentinel === 'ErrMissingPool';
      const isList = statusOf(sent) === 200 && sent.reading.ok;
      await probe.requireUnless(isAsking || isList, sent, `the call ${outcomeOf(sent)}`, async () => {
        const ordinary = await probe.send(probe.calls.plans());
        if (!ordinary.reading.ok) probe.blockBy('plans.readable', 'no plans can be read', ordinary);
        if (statusOf(ordinary) !== 200) probe.blockBy('plans.shown', 'no plans are shown', ordinary);
      });
    },
  },
];
