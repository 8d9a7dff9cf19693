import { describe, expect, it } from 'vitest';
import { SimulatorError } from '../../../local/simulator/errors.ts';
import { generateInventory } from '../../../local/simulator/inventory.ts';
import { MOST_OUTAGES, Outages } from '../../../local/simulator/peers/outages.ts';
import { REGION } from '../cloud.ts';
import { aWorld, statusesOf } from './world.ts';

describe('peers over HTTP (BEHAVIOUR.md "Control endpoints")', () => {
  it('are told, changed and reset', async () => {
    const cloud = aWorld({ 'tun-2': { kind: 'onDelivery' } }, { admin: true });
    const post = async (path: string, more: object): Promise<string> => {
      const answer = await cloud.simulator.handle({
        method: 'POST',
        path: `/_simulator/peers/${path}`,
        headers: {},
        body: JSON.stringify({ regionId: REGION, vpnConnectionId: 'vco-dual', ...more }),
      });
      return `${answer.status} ${JSON.parse(answer.body).status}`;
    };
    const tunnelId = 'tun-2';

    const answers = [
      await post('deliver', { tunnelId, ike: { Psk: 'newKey' } }),
      await statusesOf(cloud, 'vco-dual'),
      await post('behave', { tunnelId, adoption: { kind: 'follows' } }),
      await post('deliver', { tunnelId, ike: { Psk: 'newKey' } }),
      await post('reset', { tunnelId: 'tun-1' }),
      await statusesOf(cloud, 'vco-dual'),
      await post('behave', { tunnelId, adoption: { kind: 'late', afterMs: 5_000 } }),
      await post('deliver', { tunnelId, ike: { Psk: 'newKey' } }),
      await post('deliver', { tunnelId: 'tun-9' }),
      await post('behave', { tunnelId, adoption: { kind: 'sometimes' } }),
      await post('deliver', { tunnelId, psk: 'newKey' }),
      await post('eat', {}),
    ];

    expect(answers).toEqual([
      '200 adopted',
      'up up down',
      '200 accepted',
      '200 ignored',
      '200 accepted',
      'down down down',
      '200 accepted',
      '200 waiting',
      '404 undefined',
      '400 undefined',
      '400 undefined',
      '404 undefined',
    ]);
  });

  it('are out of reach unless the operator opened it', async () => {
    const { simulator } = aWorld();
    const path = '/_simulator/peers/reset';
    const body = JSON.stringify({ regionId: REGION, vpnConnectionId: 'vco-a' });

    expect((await simulator.handle({ method: 'POST', path, headers: {}, body })).status).toBe(404);
  });
});

describe('generated peers (BEHAVIOUR.md "Peers")', () => {
  const size = { gateways: 60, connectionsPerGateway: 10, dualTunnelShare: 0.5, seed: 7 };

  it('are shared out by the seed, and change nothing else', () => {
    const peers = { never: 0.1, late: { share: 0.2, afterMs: 60_000 } };
    const { adoptions = {}, ...inventory } = generateInventory({ ...size, peers });
    const kinds = Object.values(adoptions).map(({ kind }) => kind);
    const tunnels = inventory.connections.reduce(
      (sum, each) => sum + Math.max(1, each.tunnels.length),
      0,
    );

    expect(inventory).toEqual(generateInventory(size));
    expect(kinds.filter((kind) => kind === 'never').length / tunnels).toBeCloseTo(0.1, 1);
    expect(kinds.filter((kind) => kind === 'late').length / tunnels).toBeCloseTo(0.2, 1);
    expect(generateInventory({ ...size, peers }).adoptions).toEqual(adoptions);
  });

  it.each([{ never: 1.1 }, { never: -0.1 }, { never: 0.6, wrongly: 0.6 }])(
    'are refused in shares that are none: %o',
    (peers) => {
      expect(() => generateInventory({ ...size, peers })).toThrow(SimulatorError);
    },
  );
});

describe('the account of outages (BEHAVIOUR.md "Record")', () => {
  it('lists a limited number and counts all', () => {
    const outages = new Outages();
    const subject = { regionId: REGION, vpnConnectionId: 'vco-a', tunnelMode: 'dual' } as const;
    for (let at = 0; at < 1_200; at += 1) {
      outages.began(subject, at * 10, { kind: 'peer', requestId: null });
      outages.ended(subject, at * 10 + 3);
    }
    outages.began(subject, 50_000, { kind: 'write', requestId: 'r-1' });

    const record = outages.recordAt(50_100);

    expect(record.outages).toHaveLength(MOST_OUTAGES + 1);
    expect(record.unlisted).toBe(200);
    expect(record.dual).toMatchObject({ count: 1_201, downMs: 3_700 });
    expect(record.dual.downMsByCause).toMatchObject({ peer: 3_600, write: 100 });
    expect(record.single.count).toBe(0);
  });
});
