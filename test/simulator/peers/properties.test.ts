import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeConnection, makeTunnel } from '../../../local/simulator/defaults.ts';
import type { Adoption, Connection } from '../../../local/simulator/shapes.ts';
import type { Simulator } from '../../../local/simulator/simulator.ts';
import { aSmallInventory, type FakeClock, REGION } from '../cloud.ts';
import { aWorld } from './world.ts';

/** Within a lifetime or two, or over so many that their renewals are no longer carried out one by one. */
const waitMs = fc.oneof(
  fc.integer({ min: 0, max: 4_000_000 }),
  fc.integer({ min: 0, max: 200_000_000 }),
);

const adoptions: fc.Arbitrary<Adoption> = fc.oneof(
  fc.constantFrom<Adoption>(
    { kind: 'follows' },
    { kind: 'onDelivery' },
    { kind: 'never' },
    { kind: 'wrongly' },
  ),
  fc.record({ kind: fc.constant('late' as const), afterMs: waitMs }),
);

/** What happens to the slave of a pair, and how long nothing happens afterwards. */
type Act = readonly [kind: 'write' | 'deliver' | 'reset' | 'hold' | 'release', waitMs: number];

const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.tuple(
    fc.constantFrom(
      'write' as const,
      'deliver' as const,
      'reset' as const,
      'hold' as const,
      'release' as const,
    ),
    waitMs,
  ),
  { maxLength: 8 },
);

const lifetimeSeconds = 3_600;

function aPair(effectImmediately: boolean): Connection {
  const short = (index: 1 | 2) => {
    const tunnel = makeTunnel({ tunnelId: `tun-p${index}`, index, customerGatewayId: 'cgw-1' });
    return {
      ...tunnel,
      ike: { ...tunnel.ike, IkeLifetime: lifetimeSeconds },
      ipsec: { ...tunnel.ipsec, IpsecLifetime: lifetimeSeconds / 2 },
    };
  };
  return makeConnection({
    regionId: REGION,
    id: 'vco-pair',
    customerGatewayId: 'cgw-1',
    vpnGatewayId: 'vpn-1',
    effectImmediately,
    tunnels: [short(1), short(2)],
  });
}

function open(
  adoption: Adoption,
  isImmediate: boolean,
): { simulator: Simulator; clock: FakeClock } {
  const inventory = aSmallInventory(aPair(isImmediate));
  return aWorld(
    {},
    { resets: 'tunnel', inventory: { ...inventory, adoptions: { 'tun-p2': adoption } } },
  );
}

function keyOf(simulator: Simulator, tunnelId: string): string | undefined {
  const { tunnels } = simulator.state.connection(REGION, 'vco-pair');
  return tunnels.find((each) => each.tunnelId === tunnelId)?.ike.Psk;
}

/** Somebody gives the slave a key at the console; at once, so that nothing is ever in flight. */
function write(simulator: Simulator, key: string): void {
  const { tunnels } = simulator.state.connection(REGION, 'vco-pair');
  const changed = tunnels
    .filter(({ tunnelId }) => tunnelId === 'tun-p2')
    .map(({ tunnelId, ike }) => ({ tunnelId, ike: { ...ike, Psk: key } }));
  simulator.state.tamper(REGION, 'vco-pair', { tunnels: changed }, { settleMs: 0 });
  simulator.state.connection(REGION, 'vco-pair');
}

function carryOut(simulator: Simulator, kind: Act[0], ordinal: number): void {
  const tunnel = simulator.state.tunnel(REGION, 'vco-pair', 'tun-p2');
  const hold = (status: 'ike_sa_not_established' | 'ipsec_sa_established'): void =>
    simulator.state.setNegotiation(REGION, 'vco-pair', status, 'tun-p2');
  if (kind === 'write') write(simulator, `key${ordinal}`);
  if (kind === 'deliver') tunnel.deliver({ ike: { Psk: `key${ordinal}` } });
  if (kind === 'reset') tunnel.reset();
  if (kind === 'hold') hold('ike_sa_not_established');
  if (kind === 'release') hold('ipsec_sa_established');
}

describe('whatever happens to one tunnel (BEHAVIOUR.md "Negotiation")', () => {
  it('never takes the other one down where only the touched tunnel is reset', () => {
    fc.assert(
      fc.property(adoptions, fc.boolean(), acts, (adoption, isImmediate, history) => {
        const { simulator, clock } = open(adoption, isImmediate);
        for (const [ordinal, [kind, waitMs]] of history.entries()) {
          carryOut(simulator, kind, ordinal);
          clock.advance(waitMs);
          expect(simulator.state.carriers(REGION, 'vco-pair')).toContain('tun-p1');
        }
        expect(simulator.record.outages().dual.count).toBe(0);
      }),
    );
  });

  it('lets no SA outlive its lifetime', () => {
    fc.assert(
      fc.property(adoptions, fc.boolean(), acts, (adoption, isImmediate, history) => {
        const { simulator, clock } = open(adoption, isImmediate);
        for (const [ordinal, [kind, waitMs]] of history.entries()) {
          carryOut(simulator, kind, ordinal);
          clock.advance(waitMs);
          for (const tunnelId of ['tun-p1', 'tun-p2']) {
            const { session, now } = simulator.state.tunnel(REGION, 'vco-pair', tunnelId).look();
            const { ike, ipsec } = session.sas ?? {};
            if (!ike || !ipsec) continue;
            expect(now - ike.since).toBeLessThan(lifetimeSeconds * 1_000);
            expect(now - ipsec.since).toBeLessThan((lifetimeSeconds / 2) * 1_000);
          }
        }
      }),
    );
  });

  it('ends the same whether somebody looks on the way or not', () => {
    const looks = fc.array(waitMs, { maxLength: 6 });
    fc.assert(
      fc.property(
        adoptions,
        fc.boolean(),
        acts,
        looks,
        (adoption, isImmediate, history, pauses) => {
          const ends = [[], pauses].map((seen) => {
            const { simulator, clock } = open(adoption, isImmediate);
            for (const [ordinal, [kind, waitMs]] of history.entries()) {
              carryOut(simulator, kind, ordinal);
              let left = waitMs;
              for (const pause of seen) {
                const step = Math.min(pause, left);
                clock.advance(step);
                left -= step;
                simulator.state.connection(REGION, 'vco-pair');
              }
              clock.advance(left);
            }
            const { session } = simulator.state.tunnel(REGION, 'vco-pair', 'tun-p2').look();
            return [session.status, session.sas, simulator.record.outages()];
          });
          expect(ends[0]).toEqual(ends[1]);
        },
      ),
    );
  });
});

describe('a peer that never adopts (BEHAVIOUR.md "Peers")', () => {
  it('is never up on a new key, and up again after the old one came back', () => {
    const key = fc.stringMatching(/^[a-z0-9]{8,20}$/);
    const wait = fc.integer({ min: 0, max: 10_000_000 });
    fc.assert(
      fc.property(key, wait, wait, fc.boolean(), (newKey, beforeMs, afterMs, isImmediate) => {
        const { simulator, clock } = open({ kind: 'never' }, isImmediate);
        const old = keyOf(simulator, 'tun-p2') ?? '';
        clock.advance(beforeMs);
        write(simulator, newKey);
        const writtenAt = clock.now();
        clock.advance(afterMs);
        const { session } = simulator.state.tunnel(REGION, 'vco-pair', 'tun-p2').look();
        expect(session.sas?.ike.since ?? 0).toBeLessThan(writtenAt);
        if (isImmediate || afterMs >= lifetimeSeconds * 1_000) expect(session.isUp).toBe(false);

        write(simulator, old);
        clock.advance(10_000 + 2_000);
        simulator.state.connection(REGION, 'vco-pair');
        expect(session.isUp).toBe(true);
      }),
    );
  });
});
