import { describe, expect, it } from 'vitest';
import { judge, rotationFleet } from '../../../bench/lib/rotation-world.ts';
import { createSimulator } from '../../../local/simulator/simulator.ts';
import { installOn } from '../../helpers/devices.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

/** A fleet of ten pairs, two tunnels of one that every device there takes over, and the time. */
function aFleet() {
  const clock = new FakeClock();
  const fleet = rotationFleet({ connections: 10, effect: 'immediate' });
  const simulator = createSimulator({ ...fleet, clock });
  const { connections, adoptions = {} } = fleet.inventory;
  const pair = connections.find(({ tunnels }) =>
    tunnels.every(({ tunnelId }) => adoptions[tunnelId]?.kind === 'onDelivery'),
  );
  if (!pair) expect.unreachable('some device installs what it is told');
  const { regionId, id: vpnConnectionId } = pair;
  const places = pair.tunnels.map(({ tunnelId }) => ({ regionId, vpnConnectionId, tunnelId }));
  const setInCloud = (tunnelId: string, Psk: string): void => {
    const tunnels = pair.tunnels
      .filter((tunnel) => tunnel.tunnelId === tunnelId)
      .map(({ ike }) => ({ tunnelId, ike: { ...ike, Psk } }));
    simulator.state.tamper(regionId, vpnConnectionId, { tunnels }, { settleMs: 0 });
  };
  return { clock, simulator, places, setInCloud, inventory: fleet.inventory };
}

describe('the judge of the rotation benchmark', () => {
  it('finds nothing where nothing happened', async () => {
    const { clock, simulator } = aFleet();
    await clock.advance(3_600_000);

    expect(judge(simulator)).toMatchObject({
      bothDownMs: 0,
      interrupted: 0,
      leftDown: 0,
      keysLost: 0,
    });
  });

  it('calls a key lost that the cloud has and nobody else', () => {
    const { simulator, places, setInCloud } = aFleet();
    const tunnelId = places[0]?.tunnelId ?? '';

    setInCloud(tunnelId, 'aKeyThatNobodyKnows');
    expect(judge(simulator).keysLost).toBe(1);
    expect(judge(simulator, new Set(['aKeyThatNobodyKnows'])).keysLost).toBe(0);

    installOn(simulator, places[0] ?? expect.unreachable(), 'aKeyThatNobodyKnows');
    expect(judge(simulator).keysLost).toBe(0);
  });

  it('counts the time in which both tunnels of a pair lack their key, and on how many', async () => {
    const { clock, simulator, places } = aFleet();
    for (const place of places) installOn(simulator, place, 'aKeyThatTheCloudLacks');
    await clock.advance(5_000);

    expect(judge(simulator)).toMatchObject({ bothDownMs: 5_000, interrupted: 1, leftDown: 1 });
  });

  it('leaves out what a broken line did', async () => {
    const { clock, simulator, places } = aFleet();
    for (const { regionId, vpnConnectionId, tunnelId } of places) {
      const status = 'ike_sa_not_established';
      simulator.state.setNegotiation(regionId, vpnConnectionId, status, tunnelId);
    }
    await clock.advance(5_000);

    expect(judge(simulator)).toMatchObject({ bothDownMs: 0, interrupted: 0, leftDown: 0 });
  });

  it('takes a pair with a device that never adopts for brought back on its old keys alone', () => {
    const { simulator } = aFleet();
    const { stubborn, broughtBack } = judge(simulator);
    expect(broughtBack).toEqual(stubborn);
    const [pair] = stubborn;
    if (!pair) expect.unreachable('some device never adopts');

    const tunnels = pair.tunnels.map(({ tunnelId, ike }) => ({
      tunnelId,
      ike: { ...ike, Psk: 'aNewKeyInTheCloud' },
    }));
    simulator.state.tamper(pair.regionId, pair.id, { tunnels }, { settleMs: 0 });

    expect(judge(simulator).broughtBack).toHaveLength(stubborn.length - 1);
  });
});
