import { buildWorker } from '../local/worker/build-worker.ts';
import type { VpnApi } from '../shared/connection/vpn-api.ts';
import { timerAlone } from '../shared/lane/worker-waker.ts';
import { systemClock as clock } from '../shared/platform/clock.ts';
import { systemRandom as random } from '../shared/platform/random.ts';
import { Secret } from '../shared/platform/secret.ts';
import { runWorker } from '../shared/worker/run-worker.ts';
import { startChild } from './lib/child.ts';
import type { Emit } from './lib/figures.ts';
import { connectionsOf, costOf, logger, openWorld, planFor, recordOf } from './lib/world.ts';

const fleet = {
  seed: 3,
  gateways: 1_000,
  connectionsPerGateway: 8,
  attachments: 2_000,
  unattached: 0,
};
const changes = 10_000;

/** Counts the time during which at least one call to the cloud is under way. */
function createStopwatch(): { wrap: (api: VpnApi) => VpnApi; cloudMs: () => number } {
  let under = 0;
  let since = 0;
  let total = 0;
  const timed = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    if (under++ === 0) since = clock.monotonic();
    try {
      return await call();
    } finally {
      if (--under === 0) total += clock.monotonic() - since;
    }
  };
  return {
    cloudMs: () => total,
    wrap: (api) => ({
      listConnections: (query) => timed(() => api.listConnections(query)),
      describeConnection: (ref) => timed(() => api.describeConnection(ref)),
      listGateways: (query) => timed(() => api.listGateways(query)),
      describeGateway: (query) => timed(() => api.describeGateway(query)),
      listCustomerGateways: (query) => timed(() => api.listCustomerGateways(query)),
      connectionLogs: (query) => timed(() => api.connectionLogs(query)),
      diagnose: (query) => timed(() => api.diagnose(query)),
      modify: (request) => timed(() => api.modify(request)),
    }),
  };
}

/** Resolving a plan of 10,000 changes: reads, and the time beyond the cloud's own. */
export async function resolve(emit: Emit): Promise<void> {
  const plan = planFor(connectionsOf(fleet));
  for (const kind of ['postgres', 'embedded'] as const) {
    const cloud = await startChild('bench/processes/cloud.ts', {
      env: { CLOUD: JSON.stringify({ inventory: fleet, simulator: { seed: 3 } }) },
      readyWhen: /listening on (\S+)/,
    });
    const world = await openWorld(kind);
    const watch = createStopwatch();
    const { deps, close } = buildWorker({
      settings: {
        pollIntervalMs: 3_000,
        concurrency: 1,
        leaseSeconds: 30,
        budgetSeconds: 840,
        readsPerMinute: 1_000_000,
        writesPerMinute: 1,
      },
      database: world.database,
      cloud: {
        endpoint: cloud.ready[1] ?? '',
        credentials: async () => ({
          accessKeyId: 'LTAIsimulator',
          accessKeySecret: new Secret('simulator-secret'),
        }),
      },
      wrapApi: watch.wrap,
      sealer: world.sealer,
      digestKey: world.digestKey,
      clock,
      random,
      logger,
      waker: timerAlone,
    });
    const { id } = await world.submit(plan);
    const stop = new AbortController();
    const startedAt = clock.monotonic();
    const run = runWorker(deps, stop.signal);
    while ((await world.jobs.get(id))?.startedAt === null) await clock.sleep(20);
    const elapsed = clock.monotonic() - startedAt;
    const cloudMs = watch.cloudMs();
    stop.abort();
    await run;
    const { reads } = costOf(await recordOf(cloud.ready[1] ?? ''));
    const params = { changes, database: kind };
    emit('reads-per-change', reads / changes, 'calls', params);
    emit('beyond-the-cloud', (elapsed - cloudMs) / 1_000, 's', params);
    emit('in-the-cloud', cloudMs / 1_000, 's', params);
    close();
    await world.close();
    await cloud.stop();
  }
}
