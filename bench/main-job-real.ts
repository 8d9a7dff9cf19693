import { generateInventory, type InventoryOptions } from '../local/simulator/inventory.ts';
import { openVirtualWorld } from '../test/helpers/virtual-world.ts';
import type { Emit } from './lib/figures.ts';
import { costOf, openWorld, planFor } from './lib/world.ts';

const fleet: InventoryOptions = {
  seed: 11,
  gateways: 500,
  connectionsPerGateway: 8,
  attachments: 1_000,
  unattached: 0,
};
const changed = { gateways: 60, connections: 480, attachments: 120 };
const writesPerMinute = 100;
const readsPerMinute = 480;

/**
 * The main job at the cloud's real pace, on a virtual clock: 600 of 5,000 connections, settle times of 20 to 60 s, default
 * budgets and poll. The lower bound is the longest lane, or the writes that the budget allows, whichever is longer.
 */
export async function mainJobReal(emit: Emit): Promise<void> {
  const inventory = generateInventory(fleet);
  const base = await openWorld('postgres');
  const world = await openVirtualWorld({
    database: base.database,
    simulator: { seed: 11, inventory, settleMs: { min: 20_000, max: 60_000 } },
    limits: { readsPerMinute, writesPerMinute },
  });
  const gatewayIds = new Set(inventory.gateways.slice(0, changed.gateways).map(({ id }) => id));
  const onGateways = inventory.connections.filter(
    (connection) =>
      connection.attachType === 'VPNGW' && gatewayIds.has(connection.vpnGatewayId ?? ''),
  );
  const attachments = inventory.connections
    .filter((connection) => connection.attachType === 'CEN')
    .slice(0, changed.attachments);
  const { id } = await world.submit(planFor([...onGateways, ...attachments]));
  await world.drain();
  const job = await world.jobs.get(id);
  const record = world.simulator.record.snapshot();
  const calls = costOf(record);
  if (job?.state !== 'succeeded') throw new Error(`the job ended ${job?.state}: ${job?.reason}`);
  if (calls.effective !== job.total) throw new Error(`${calls.effective} of ${job.total} written`);
  const makespan = Date.parse(job.finishedAt ?? '') - Date.parse(job.createdAt);
  const byBudget = (changed.connections / writesPerMinute) * 60_000;
  const bound = Math.max(record.longestLaneMs, byBudget);
  const params = { changes: 600, connections: 5_000, settleMs: '20000-60000', pollMs: 3_000 };
  const readsPerChange = calls.reads / job.total;
  emit('makespan', makespan / 1_000, 's', params);
  emit('lower-bound', bound / 1_000, 's', params);
  emit('efficiency', bound / makespan, 'ratio', params);
  emit('reads-per-change', readsPerChange, 'calls', params);
  emit('writes-per-change', calls.writes / job.total, 'calls', params);
  emit('overlaps', record.overlaps.length, 'count', params);
  for (const [scope, calls] of Object.entries(record.windowMaxima)) {
    emit('most-calls-in-60-s', calls, 'calls', { ...params, scope });
  }
  for (const { action, total } of record.calls)
    emit('calls', total, 'calls', { ...params, action });
  emit('throttled', record.throttled, 'calls', params);
  // On a virtual clock nothing of this hangs on the machine.
  const holds = bound / makespan >= 0.9 && readsPerChange <= 2.5 && record.overlaps.length === 0;
  if (!holds) throw new Error('less than 0.9 of the bound, more than 2.5 reads, or an overlap');
  await world.close();
  await base.close();
}
