import { describe, expect, it } from 'vitest';
import { everydayFaults } from '../../../local/simulator/faults.ts';
import { generateInventory } from '../../../local/simulator/inventory.ts';
import { createLogger } from '../../../shared/platform/logger.ts';
import { withPostgres } from '../../helpers/databases.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { effectiveWrites, mostInFlight, outcomesOf, planOf } from './fleet.ts';
import { useWorlds } from './worlds.ts';

const logger = createLogger({ level: 'silent', clock: new FakeClock() });
const writes = {
  ...everydayFaults.writes,
  lostAfterApply: 0.06,
  error500Applied: 0.06,
  html502Applied: 0.05,
  truncated: 0.05,
  droppedBefore: 0.05,
  spuriousBusy: 0.1,
};

describe('three workers in a disturbed cloud', () => {
  const open = useWorlds(withPostgres());

  it.each([
    { seed: 1, visibleAt: 'settled' },
    { seed: 2, visibleAt: 'accepted' },
    { seed: 3, visibleAt: 'settled' },
    { seed: 4, visibleAt: 'settled', dualTunnelShare: 0.5 },
    { seed: 5, visibleAt: 'accepted', dualTunnelShare: 0.5 },
  ] as const)(
    'change everything once, seed $seed',
    async ({ seed, visibleAt, ...share }) => {
      const inventory = generateInventory({
        seed,
        gateways: 6,
        connectionsPerGateway: 4,
        attachments: 16,
        ...share,
      });
      const lateMs = { min: 0, max: 6_000 };
      const faults = { writes, reads: { ...everydayFaults.reads, error500NotApplied: 0.05 } };
      const world = await open({
        simulator: { seed, inventory, faults, lateMs, visibleAt },
        settings: { concurrency: 7 },
        logger,
      });
      const names = inventory.connections.map(({ id }) => id.replace('vco-', ''));

      const { id } = await world.submit(
        planOf(names, { rollout: { concurrency: 12 }, acceptOutage: true }),
      );
      await Promise.all([world.drain(), world.drain(), world.drain()]);

      const outcomes = await outcomesOf(world.jobs, id);
      expect(outcomes.filter(({ state }) => state !== 'succeeded')).toEqual([]);
      // One write for each tunnel.
      const due = inventory.connections.flatMap(({ tunnels }, index) =>
        Array<string>(Math.max(1, tunnels.length)).fill(names[index] ?? ''),
      );
      expect(effectiveWrites(world).sort()).toEqual(due.sort());
      expect(world.simulator.record.overlaps()).toEqual([]);
      expect(world.simulator.record.tunnelOverlaps()).toEqual([]);
      expect(mostInFlight(world)).toBeLessThanOrEqual(12);
    },
    60_000,
  );
});
