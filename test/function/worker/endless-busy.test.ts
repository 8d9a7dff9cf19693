import { describe, expect, it } from 'vitest';
import type { VpnApi } from '../../../shared/connection/vpn-api.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, effectiveWrites, outcomesOf, planOf } from './fleet.ts';
import { portOf, useWorlds } from './worlds.ts';

const minuteMs = 60_000;
const settings = { pollIntervalMs: minuteMs };
const goOn = { onFailure: 'continue' };
const endless = 'sim:error=IncorrectStatus.VpnConnection';

/** Virtual minutes from the start until the change's journal ended. */
function minutesOf(world: VirtualWorld, at: string | undefined): number {
  const startedAt = world.clock.now() - world.clock.monotonic();
  return (Date.parse(at ?? '') - startedAt) / minuteMs;
}

/** The first write never arrives. */
function loseFirstWrite(api: VpnApi): VpnApi {
  let isFirst = true;
  return {
    ...portOf(api),
    modify: (request) => {
      if (!isFirst) return api.modify(request);
      isFirst = false;
      const error = { class: 'unknown_fate', code: 'Timeout', message: 'no answer' } as const;
      return Promise.resolve({ kind: 'unknown', error: { ...error, requestId: null } });
    },
  };
}

describe('a connection that the cloud calls busy although its reads show nothing under way', () => {
  const open = useWorlds(withPostgres());

  it('fails its change, at the earliest after half an hour, and delays no other lane', async () => {
    const inventory = aFleet({ a: { sim: endless }, 'b@1': {} });
    const world = await open({ simulator: { inventory }, settings });

    const { id } = await world.submit(planOf(['a', 'b'], goOn));
    await world.drain();

    const [stuck, other] = await outcomesOf(world.jobs, id);
    expect(stuck).toMatchObject({ state: 'failed', code: 'BusyTimeout', attempts: 0 });
    expect(stuck?.events.at(-1)?.data.error).toMatchObject({
      class: 'timeout',
      message: expect.stringContaining('IncorrectStatus.VpnConnection for more than 30 minutes'),
    });
    expect(minutesOf(world, stuck?.events.at(-1)?.at)).toBeGreaterThan(29);
    expect(minutesOf(world, stuck?.events.at(-1)?.at)).toBeLessThan(62);
    expect(minutesOf(world, other?.events.at(-1)?.at)).toBeLessThan(5);
    expect(effectiveWrites(world)).toEqual(['b']);
  });

  it('fails its change just so when the fate of the first sending was unknown', async () => {
    const world = await open({
      simulator: { inventory: aFleet({ a: { sim: endless } }) },
      settings,
      wrapApi: loseFirstWrite,
    });

    const { id } = await world.submit(planOf(['a']));
    await world.drain();

    const [stuck] = await outcomesOf(world.jobs, id);
    expect(stuck).toMatchObject({ state: 'failed', code: 'BusyTimeout', attempts: 1 });
    expect(minutesOf(world, stuck?.events.at(-1)?.at)).toBeGreaterThan(29);
    expect(minutesOf(world, stuck?.events.at(-1)?.at)).toBeLessThan(35);
  });

  it('is waited for without limit while its reads show what it is busy with', async () => {
    const world = await open({ simulator: { inventory: aFleet({ a: {} }) }, settings });
    const hourMs = 60 * minuteMs;
    world.simulator.state.tamper('cn-hangzhou', 'vco-a', {}, { settleMs: hourMs });

    const { id } = await world.submit(planOf(['a']));
    await world.drain(world.worker(), 2 * hourMs);

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({ state: 'succeeded' });
  });
});
