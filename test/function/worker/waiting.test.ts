import { describe, expect, it } from 'vitest';
import type { CloudError, VpnApi } from '../../../shared/connection/vpn-api.ts';
import { emptyAllTables, withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, aPair, planOf, region } from './fleet.ts';
import { later, portOf, useWorlds } from './worlds.ts';

/** How much longer the others may take. */
const allowed = 1.1;
const limitMs = 120_000;
/** Until the first job has begun. */
const headStartMs = 2_000;
const settleMs = { min: 10_000, max: 10_000 };
const set = { IkeConfig: { Psk: 'newKey0123456789', IkePfs: 'group14' } };
const names = (prefix: string): string[] => [0, 1, 2, 3].map((index) => `${prefix}${index}`);
/** All on the gateway of `w`, which waits. */
const ofItsJob = names('own');
const ofAnotherJob = names('other');

/** A way in which the change of `w` waits, as long as the test runs, while the rest of its gateway is free. */
interface Waiting {
  state: 'queued' | 'verifying';
  /** What `lastError` says; null where nothing was tried. */
  code: string | null;
  /** Whether its job has slots for others meanwhile. */
  leavesSlots: boolean;
  /** What its plan says besides. */
  plan?: object;
  /** Plans before `w`. */
  before?: readonly string[];
  begin?(world: VirtualWorld): void;
  wrapApi?(api: VpnApi): VpnApi;
}

const busy: CloudError = {
  class: 'busy',
  code: 'VpnConnection.Configuring',
  message: 'the connection is busy',
  requestId: 'r-0',
};

/** Whatever else comes to wait for a person (an acknowledgement, a freeze) belongs here. */
const waitings: Readonly<Record<string, Waiting>> = {
  'for its first tunnel to come up again': {
    state: 'verifying',
    code: 'TunnelNotUp',
    leavesSlots: true,
    begin: (world) =>
      later(world, 5_000, () =>
        world.simulator.state.setNegotiation(region, 'vco-w', 'ike_sa_not_established', 'tun-w2'),
      ),
  },
  'half done, for something that the cloud does not show': {
    state: 'verifying',
    code: busy.code,
    leavesSlots: true,
    wrapApi: (api) => ({
      ...portOf(api),
      modify: (request) =>
        request.part === 'tun-w1'
          ? Promise.resolve({ kind: 'busy', error: busy })
          : api.modify(request),
    }),
  },
  'for an approver': {
    state: 'queued',
    code: null,
    leavesSlots: false,
    plan: { approval: { required: 1 } },
  },
  'for the window of its job': {
    state: 'queued',
    code: null,
    leavesSlots: false,
    plan: { window: { notBefore: '2040-01-01T00:00:00Z' } },
  },
  'for its batch': {
    state: 'queued',
    code: null,
    leavesSlots: false,
    before: ['never'],
    plan: { rollout: { concurrency: 2, batches: [1, '100%'] } },
  },
  'for a slot of its job': {
    state: 'queued',
    code: null,
    leavesSlots: false,
    before: ['never'],
  },
};

describe('a change that waits', () => {
  const database = withPostgres();
  const open = useWorlds(database);

  /** When the last of the others ended, and the change of `w`; with null nothing has to be waited for. */
  async function run(
    waiting: Waiting | null,
    leavesSlots: boolean,
  ): Promise<{ lastMs: number; state: string | undefined; code: string | null | undefined }> {
    await emptyAllTables(database);
    const gateway = [...ofItsJob, ...ofAnotherJob].map((name) => [`${name}@1`, {}]);
    const world = await open({
      simulator: {
        settleMs,
        latencyMs: 20,
        inventory: aFleet({
          'w@1': aPair('w'),
          never: { sim: 'sim:never-settles' },
          ...Object.fromEntries(gateway),
        }),
      },
      ...(waiting?.wrapApi ? { wrapApi: waiting.wrapApi } : {}),
    });
    waiting?.begin?.(world);
    const since = world.clock.now();
    const mine = [...(waiting?.before ?? []), 'w', ...(leavesSlots ? ofItsJob : [])];
    const plan = { set, acceptOutage: true, rollout: { concurrency: 1 } };
    const first = await world.submit(planOf(mine, { ...plan, ...waiting?.plan }));
    const worker = world.worker();
    await world.drain(worker, headStartMs);
    const second = await world.submit(planOf(ofAnotherJob, plan));
    await world.drain(worker, limitMs);
    const listed = [first, second].map(({ id }) =>
      world.jobs.listChanges({ jobId: id, states: null, limit: 99, after: null }),
    );
    const changes = (await Promise.all(listed)).flat();
    await world.close();
    const others = changes.filter(({ vpnConnectionId: id }) => !/-(w|never)$/.test(id));
    const w = changes.find(({ vpnConnectionId }) => vpnConnectionId === 'vco-w');
    expect(others.filter(({ state }) => state !== 'succeeded')).toEqual([]);
    const ends = others.map(({ finishedAt }) => Date.parse(finishedAt ?? '') - since);
    return { lastMs: Math.max(...ends), state: w?.state, code: w?.lastError?.code ?? null };
  }

  it.each(Object.entries(waitings))(
    'delays no other connection of its gateway: %s',
    { timeout: 90_000 },
    async (_, waiting) => {
      const without = await run(null, waiting.leavesSlots);
      const beside = await run(waiting, waiting.leavesSlots);

      expect(without.state).toBe('succeeded');
      expect(beside).toMatchObject({ state: waiting.state, code: waiting.code });
      expect(beside.lastMs).toBeLessThanOrEqual(allowed * without.lastMs);
    },
  );
});
