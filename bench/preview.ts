import { createAliyunVpnApi } from '../shared/adapters/aliyun/vpn-api.ts';
import { createPgApiBudget } from '../shared/adapters/postgres/api-budget.ts';
import { createPgInventoryStore } from '../shared/adapters/postgres/inventory-store.ts';
import { createPgPreviewStore } from '../shared/adapters/postgres/preview-store.ts';
import { Plan } from '../shared/plan/schema.ts';
import { systemClock as clock } from '../shared/platform/clock.ts';
import { createIds } from '../shared/platform/id.ts';
import { systemRandom as random } from '../shared/platform/random.ts';
import { Secret } from '../shared/platform/secret.ts';
import { createInventoryApi, previewPart } from '../shared/preview/inventory-api.ts';
import { continuePreview, type PreviewDeps, previewPlan } from '../shared/preview/preview-plan.ts';
import { startChild } from './lib/child.ts';
import type { Emit } from './lib/figures.ts';
import { costOf, logger, openWorld, recordOf, type World } from './lib/world.ts';

const fleet = {
  seed: 5,
  gateways: 600,
  connectionsPerGateway: 5,
  attachments: 2_000,
  unattached: 0,
};
const connections = 5_000;
const limits = { readsPerMinute: 480, writesPerMinute: 100 };
/** Pages of the longest list; lists have budgets of their own. */
const longestList = connections / 50;

const plan = Plan.parse({
  title: 'benchmark',
  targets: [{ regionId: 'cn-hangzhou', select: { name: '*' } }],
  set: { IkeConfig: { IkeEncAlg: 'aes256', Psk: 'benchmarkKey0123456789' } },
});

function previewerOn({ database, digestKey }: World, endpoint: string): PreviewDeps {
  const api = createAliyunVpnApi({
    endpoint,
    credentials: async () => ({
      accessKeyId: 'LTAIsimulator',
      accessKeySecret: new Secret('simulator-secret'),
    }),
    clock,
    logger,
  });
  const budget = createPgApiBudget(database, { account: 'default', limits, part: previewPart });
  return {
    previews: createPgPreviewStore(database),
    inventory: createPgInventoryStore(database),
    inventoryApi: createInventoryApi({ api, budget, clock }),
    limits,
    digestKey: async () => digestKey,
    ids: createIds(clock, random),
    sinkNames: new Set(),
    clock,
  };
}

/** Previews until the preview is there; gives the seconds it took. */
async function secondsOf(deps: PreviewDeps): Promise<number> {
  const startedAt = clock.monotonic();
  let outcome = await previewPlan(deps, plan);
  while (outcome.kind === 'pending') {
    await clock.sleep(outcome.retryInMs);
    outcome = await continuePreview(deps, outcome.id);
  }
  const { modify } = outcome.preview.summary;
  if (modify !== connections) throw new Error(`${modify} of ${connections} would be modified`);
  return (clock.monotonic() - startedAt) / 1_000;
}

/** Previewing 5,000 connections under the default budget, and again while the inventory is fresh. */
export async function preview(emit: Emit): Promise<void> {
  const cloud = await startChild('bench/processes/cloud.ts', {
    env: { CLOUD: JSON.stringify({ inventory: fleet, simulator: { seed: 5 } }) },
    readyWhen: /listening on (\S+)/,
  });
  const endpoint = cloud.ready[1] ?? '';
  const world = await openWorld('postgres');
  const deps = previewerOn(world, endpoint);
  const params = { connections, database: 'postgres', ...limits };
  const first = await secondsOf(deps);
  const { reads } = costOf(await recordOf(endpoint));
  const second = await secondsOf(deps);
  const after = costOf(await recordOf(endpoint));
  // The first third of a minute's budget is there at once; every further third takes a minute.
  const share = Math.floor(limits.readsPerMinute * previewPart.share);
  emit('reads-per-connection', reads / connections, 'calls', { ...params, limit: 0.05 });
  emit('first-preview', first, 's', params);
  emit('least-by-budget', Math.floor((longestList - 1) / share) * 60, 's', params);
  emit('fresh-preview', second, 's', params);
  emit('reads-of-fresh-preview', after.reads - reads, 'calls', params);
  await world.close();
  await cloud.stop();
}
