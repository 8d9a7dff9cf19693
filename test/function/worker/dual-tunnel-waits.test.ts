import { describe, expect, it } from 'vitest';
import type { CloudError, VpnApi } from '../../../shared/connection/vpn-api.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import {
  aFleet,
  aPair,
  effectiveWrites,
  outcomesOf,
  planOf,
  region,
  tunnelsWritten,
} from './fleet.ts';
import { later, portOf, useWorlds } from './worlds.ts';

const busy: CloudError = {
  class: 'busy',
  code: 'VpnGateway.Configuring',
  message: 'the gateway is busy',
  requestId: 'r-0',
};
const settleMs = { min: 10_000, max: 10_000 };
const bothSides = { IkeConfig: { Psk: 'newKey0123456789', IkePfs: 'group14' } };

/** A tunnel comes up or goes down by itself. */
function setNegotiation(world: VirtualWorld, status: 'up' | 'down', tunnelId: string): void {
  const word = status === 'up' ? 'ipsec_sa_established' : 'ike_sa_not_established';
  world.simulator.state.setNegotiation(region, 'vco-a', word, tunnelId);
}

describe('the second part of a change', () => {
  const open = useWorlds(withPostgres());

  it('is not written until the first tunnel is up again, and holds up nobody', async () => {
    const inventory = aFleet({ 'a@1': aPair('a'), 'b@1': {} });
    const world = await open({ simulator: { inventory, settleMs } });
    later(world, 5_000, () => setNegotiation(world, 'down', 'tun-a2'));
    later(world, 120_000, () => setNegotiation(world, 'up', 'tun-a2'));

    const rollout = { concurrency: 1 };
    const targets = planOf(['a', 'b']).targets.map((target) => ({ ...target }));
    const { id } = await world.submit(
      planOf(['a', 'b'], { targets, set: bothSides, acceptOutage: true, rollout }),
    );
    await world.drain(world.worker(), 90_000);
    const waiting = await outcomesOf(world.jobs, id);
    await world.drain();

    expect(waiting.map(({ state }) => state)).toEqual(['verifying', 'succeeded']);
    expect(waiting[0]).toMatchObject({ code: 'TunnelNotUp' });
    expect((await outcomesOf(world.jobs, id)).map(({ state }) => state)).toEqual([
      'succeeded',
      'succeeded',
    ]);
    expect(effectiveWrites(world)).toEqual(['a', 'b', 'a']);
    expect(tunnelsWritten(world)).toEqual(['a2', '-', 'a1']);
    const written = world.simulator.record.writes().filter(({ effective }) => effective);
    const [first, , last] = written;
    expect((last?.acceptedAt ?? 0) - (first?.acceptedAt ?? 0)).toBeGreaterThan(100_000);
  });

  it('is never written when the first tunnel does not come up again', async () => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': aPair('a') }), settleMs } });
    later(world, 5_000, () => setNegotiation(world, 'down', 'tun-a2'));

    const { id } = await world.submit(planOf(['a'], { set: bothSides, acceptOutage: true }));
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({
      state: 'failed',
      code: 'TunnelDown',
      attempts: 1,
    });
    expect(tunnelsWritten(world)).toEqual(['a2']);
    const { tunnels } = world.simulator.state.connection(region, 'vco-a');
    expect(tunnels[0]?.ike.IkePfs).toBe('group2');
  });

  it('waits for the first tunnel as long as the plan says', async () => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': aPair('a') }), settleMs } });
    later(world, 5_000, () => setNegotiation(world, 'down', 'tun-a2'));
    later(world, 500_000, () => setNegotiation(world, 'up', 'tun-a2'));
    const verify = { tunnel: 'none', timeoutSeconds: 900 };

    const { id } = await world.submit(
      planOf(['a'], { set: bothSides, acceptOutage: true, verify }),
    );
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({ state: 'succeeded' });
    expect(tunnelsWritten(world)).toEqual(['a2', 'a1']);
  });

  it('counts that from when it was seen down, however long ago it was changed', async () => {
    const inventory = aFleet({ 'a@1': aPair('a'), 'b@1': {} });
    const world = await open({ simulator: { inventory, settleMs } });
    // Somebody else keeps the gateway busy between the two tunnels.
    later(world, 10_500, () =>
      world.simulator.state.tamper(region, 'vco-b', {}, { settleMs: 400_000 }),
    );
    later(world, 405_000, () => setNegotiation(world, 'down', 'tun-a2'));
    later(world, 440_000, () => setNegotiation(world, 'up', 'tun-a2'));

    const { id } = await world.submit(planOf(['a'], { set: bothSides, acceptOutage: true }));
    await world.drain();

    const [outcome] = await outcomesOf(world.jobs, id);
    expect(outcome).toMatchObject({ state: 'succeeded' });
    expect(JSON.stringify(outcome?.events)).toContain('TunnelNotUp');
    expect(tunnelsWritten(world)).toEqual(['a2', 'a1']);
  });

  it.each([
    ['the other tunnel', 1],
    ['the standby, whose turn comes first,', 2],
  ])('is not begun while %s is down, unless an outage is accepted', async (_, downIndex) => {
    const inventory = aFleet({
      'a@1': aPair('a', (index) =>
        index === downIndex ? { status: 'ike_sa_not_established' } : {},
      ),
    });
    const world = await open({ simulator: { inventory, settleMs } });
    const both = { set: bothSides, verify: {} };

    const { id } = await world.submit(planOf(['a'], both));
    await world.drain();
    const written = tunnelsWritten(world);
    await world.submit(planOf(['a'], { ...both, acceptOutage: true }));
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({
      state: 'failed',
      code: 'TunnelRedundancyLost',
      attempts: 0,
    });
    expect(written).toEqual([]);
    expect(tunnelsWritten(world)).toEqual(['a2', 'a1']);
  });

  it('does not wait for a tunnel that was down before', async () => {
    const inventory = aFleet({
      'a@1': aPair('a', (index) => (index === 2 ? { status: 'ike_sa_not_established' } : {})),
    });
    const world = await open({ simulator: { inventory, settleMs } });

    const { id } = await world.submit(planOf(['a'], { set: bothSides, acceptOutage: true }));
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({ state: 'succeeded' });
    expect(tunnelsWritten(world)).toEqual(['a2', 'a1']);
  });

  it('is written although its job stops', async () => {
    const inventory = aFleet({
      'a@1': aPair('a'),
      'b@2': { sim: 'sim:error=InvalidName' },
    });
    const world = await open({ simulator: { inventory, settleMs } });
    later(world, 5_000, () => setNegotiation(world, 'down', 'tun-a2'));
    later(world, 60_000, () => setNegotiation(world, 'up', 'tun-a2'));

    const { id } = await world.submit(planOf(['a', 'b'], { set: bothSides, acceptOutage: true }));
    await world.drain();

    const states = (await outcomesOf(world.jobs, id)).map(({ state }) => state);
    expect(states).toEqual(['succeeded', 'failed']);
    expect((await world.jobs.get(id))?.state).toBe('failed');
    expect(tunnelsWritten(world)).toEqual(['a2', 'a1']);
  });

  it('waits, and is not queued again, when it meets a busy gateway', async () => {
    const inventory = aFleet({ 'a@1': aPair('a') });
    const tokens: string[] = [];
    const busyOnce = (api: VpnApi): VpnApi => ({
      ...portOf(api),
      modify: async (request) => {
        tokens.push(request.clientToken);
        return tokens.length === 2 ? { kind: 'busy', error: busy } : api.modify(request);
      },
    });
    const world = await open({ simulator: { inventory, settleMs }, wrapApi: busyOnce });

    const { id } = await world.submit(planOf(['a'], { set: bothSides, acceptOutage: true }));
    await world.drain();

    const [outcome] = await outcomesOf(world.jobs, id);
    expect(outcome).toMatchObject({ state: 'succeeded', attempts: 2 });
    expect(outcome?.kinds).toContain('waiting');
    expect(outcome?.kinds).not.toContain('requeued');
    expect(new Set(tokens).size).toBe(3);
    expect(tunnelsWritten(world)).toEqual(['a2', 'a1']);
  });

  it('is not repeated for ever when it does not stick', async () => {
    const inventory = aFleet({ 'a@1': aPair('a') });
    const swallowed = (api: VpnApi): VpnApi => ({
      ...portOf(api),
      modify: async (request) =>
        request.part === 'tun-a1' ? { kind: 'accepted', requestId: 'r-1' } : api.modify(request),
    });
    const world = await open({ simulator: { inventory, settleMs }, wrapApi: swallowed });

    const { id } = await world.submit(planOf(['a'], { set: bothSides, acceptOutage: true }));
    await world.drain();

    const [change] = await world.jobs.listChanges({
      jobId: id,
      states: null,
      limit: 9,
      after: null,
    });
    expect(change).toMatchObject({ state: 'failed', attempts: 7, settledAttempts: 1 });
    expect(change?.lastError).toMatchObject({
      code: 'NotApplied',
      message: expect.stringMatching(/6 times.*what was applied before stands/),
    });
  });
});
