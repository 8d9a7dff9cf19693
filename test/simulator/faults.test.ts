import { describe, expect, it } from 'vitest';
import { everydayFaults, type FaultKind, faultKinds } from '../../local/simulator/faults.ts';
import { createSimulator } from '../../local/simulator/simulator.ts';
import { aCloud, REGION, type Reply } from './cloud.ts';

/** What a write looks like from outside, and whether it took effect, when the fault strikes every time. */
const expected: Readonly<
  Record<Exclude<FaultKind, 'slow'>, readonly [outcome: string, isApplied: boolean]>
> = {
  lostAfterApply: ['dropped', true],
  droppedBefore: ['dropped', false],
  error500Applied: ['500 InternalError', true],
  error500NotApplied: ['500 InternalError', false],
  unavailable503: ['503 ServiceUnavailable', false],
  html502: ['502 html', false],
  html502Applied: ['502 html', true],
  truncated: ['200 broken', true],
  throttle: ['400 Throttling.User', false],
  spuriousBusy: ['400 VpnGateway.Configuring', false],
  neverSettles: ['200 whole', true],
};

function outcomeOf(reply: Reply): string {
  if (reply.dropped) return 'dropped';
  if (reply.text.startsWith('<html>')) return `${reply.status} html`;
  if (reply.body.Code) return `${reply.status} ${reply.body.Code}`;
  return `${reply.status} ${reply.body.RequestId ? 'whole' : 'broken'}`;
}

describe('faults of writes (BEHAVIOUR.md "Faults")', () => {
  it.each(Object.entries(expected))('%s looks like %j', async (kind, [outcome, isApplied]) => {
    const { modify, simulator } = aCloud({ faults: { writes: { [kind]: 1 } } });

    const reply = await modify('vco-a');

    expect(outcomeOf(reply)).toBe(outcome);
    expect(simulator.record.writes().some((write) => write.effective)).toBe(isApplied);
    expect(simulator.record.snapshot().faults).toEqual({ [kind]: 1 });
  });

  it('answers slowly but as if nothing was', async () => {
    const { modify, clock } = aCloud({ faults: { writes: { slow: { rate: 1, ms: 7_000 } } } });

    const reply = await modify('vco-a');

    expect(reply.status).toBe(200);
    expect(clock.slept).toEqual([7_000]);
  });

  it('never settles what is to stay in flight', async () => {
    const { modify, clock, simulator } = aCloud({ faults: { writes: { neverSettles: 1 } } });
    await modify('vco-a');

    clock.advance(365 * 86_400_000);

    expect(simulator.state.inFlight(REGION, 'vco-a')).toBe(1);
    expect(simulator.record.writes()[0]?.settledAt).toBeNull();
  });

  it('repeats a lost write by its token without a second change', async () => {
    const { modify, simulator } = aCloud({ faults: { writes: { lostAfterApply: 0.5 } }, seed: 3 });
    const outcomes: string[] = [];

    while (!outcomes.includes('200 whole')) {
      outcomes.push(outcomeOf(await modify('vco-a', { ClientToken: 't1' })));
    }

    expect(outcomes.length).toBeGreaterThan(1);
    expect(simulator.record.writes().filter((write) => write.effective)).toHaveLength(1);
  });

  it('leaves reads alone', async () => {
    const { call } = aCloud({ faults: { writes: { droppedBefore: 1 } } });

    expect((await call('DescribeRegions')).status).toBe(200);
  });
});

describe('faults of reads (BEHAVIOUR.md "Faults")', () => {
  it.each([
    ['droppedBefore', 'dropped'],
    ['lostAfterApply', 'dropped'],
    ['error500NotApplied', '500 InternalError'],
    ['html502', '502 html'],
    ['throttle', '400 Throttling.User'],
    ['truncated', '200 broken'],
  ])('%s looks like %j', async (kind, outcome) => {
    const { call, modify } = aCloud({ faults: { reads: { [kind]: 1 } } });

    expect(outcomeOf(await call('DescribeVpnConnections'))).toBe(outcome);
    expect((await modify('vco-a')).status).toBe(200);
  });
});

describe('the dice (BEHAVIOUR.md "Determinism")', () => {
  async function history(seed: number, order: readonly string[]): Promise<Map<string, string[]>> {
    const { modify, clock } = aCloud({
      seed,
      faults: everydayFaults,
      settleMs: { min: 5, max: 90 },
    });
    const outcomes = new Map<string, string[]>();
    for (let round = 0; round < 60; round += 1) {
      for (const id of order) {
        const reply = await modify(id);
        outcomes.set(id, [...(outcomes.get(id) ?? []), `${outcomeOf(reply)} ${reply.body.Name}`]);
        clock.advance(100);
      }
    }
    return outcomes;
  }

  it('gives the same history for the same seed and another for another', async () => {
    const order = ['vco-a', 'vco-c', 'vco-cen'];

    const first = await history(1, order);

    expect(await history(1, order)).toEqual(first);
    expect(await history(2, order)).not.toEqual(first);
  });

  it('gives a connection the same faults in whatever order the others are called', async () => {
    const first = await history(1, ['vco-a', 'vco-c', 'vco-cen']);
    const other = await history(1, ['vco-cen', 'vco-c', 'vco-a']);

    expect(other.get('vco-c')).toEqual(first.get('vco-c'));
    expect(other.get('vco-a')).toEqual(first.get('vco-a'));
  });

  it('gives each connection its own luck', async () => {
    const { call, simulator } = aCloud({ faults: { reads: { throttle: 0.5 } } });
    const luck = new Map<string, string>();

    for (const { id } of simulator.inventory.connections) {
      const statuses: number[] = [];
      for (let count = 0; count < 20; count += 1) {
        statuses.push((await call('DescribeVpnConnection', { VpnConnectionId: id })).status);
      }
      luck.set(id, statuses.join());
    }

    expect(new Set(luck.values()).size).toBe(luck.size);
  });

  it('strikes about as often as told', async () => {
    const { call, simulator } = aCloud({
      faults: { reads: { throttle: 0.1 } },
      quotas: { reads: Number.POSITIVE_INFINITY },
    });

    for (let count = 0; count < 2_000; count += 1) await call('DescribeRegions');

    const { throttle = 0 } = simulator.record.snapshot().faults;
    expect(throttle).toBeGreaterThan(150);
    expect(throttle).toBeLessThan(250);
  });

  it.each([
    { writes: { throttle: 1.1 } },
    { writes: { throttle: -0.1 } },
    { writes: { throttle: Number.NaN } },
    { writes: { throttle: 0.6, html502: 0.6 } },
    { reads: { neverSettles: 0.1 } },
    { writes: { slow: { rate: 2, ms: 1 } } },
  ])('refuses rates like %j', (faults) => {
    expect(() => createSimulator({ faults })).toThrow(
      expect.objectContaining({ code: 'bad_options' }),
    );
  });

  it('knows every kind that the table of outcomes lists', () => {
    expect([...Object.keys(expected), 'slow'].sort()).toEqual([...faultKinds].sort());
  });
});
