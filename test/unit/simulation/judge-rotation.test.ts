import { describe, expect, it } from 'vitest';
import type { Outage } from '../../../local/simulator/peers/outages.ts';
import type { WriteRecord } from '../../../local/simulator/writes.ts';
import {
  type JudgedWrite,
  type RotationRemains,
  wronglyRotated,
} from '../../simulation/judge-rotation.ts';
import type { HandedOver } from '../../simulation/staged-sink.ts';

const regionId = 'cn-hangzhou';
const vpnConnectionId = 'vco-a';

const outage: Outage = {
  regionId,
  vpnConnectionId,
  tunnelMode: 'dual',
  from: 60_000,
  to: 61_000,
  cause: 'peer',
  requestId: null,
};

function aWrite(acceptsOutage: boolean, overrides: Partial<WriteRecord> = {}): JudgedWrite {
  const write: WriteRecord = {
    requestId: 'r1',
    regionId,
    scope: 'connection:cn-hangzhou/vco-a',
    vpnConnectionId,
    tunnelIds: ['tun-a2'],
    clientToken: 't1',
    source: 'api',
    outcome: 'accepted',
    code: null,
    effective: true,
    acceptedAt: 10_000,
    settledAt: 12_000,
    ...overrides,
  };
  return { write, acceptsOutage };
}

function remains(overrides: Partial<RotationRemains>): RotationRemains {
  return { outages: [], drops: [], handedOver: [], untold: [], ...overrides };
}

function aDelivery(tunnelId: string, way = ''): HandedOver['delivery'] {
  const version = `chg_1.${tunnelId}${way}`;
  const since = '2026-01-01T00:00:00.000Z';
  return { version, jobId: 'job_1', changeId: 'chg_1', regionId, vpnConnectionId, tunnelId, since };
}

/** The second key of a change, where the first one's tunnel was as it says. */
function aSecondKey(first: Partial<HandedOver['before'][number]>, way = ''): HandedOver {
  const known = { tunnelId: 'tun-a2', isTaken: false, negotiatedAt: 1_000 };
  const before = [{ version: `chg_1.tun-a2${way}`, ...known, ...first }];
  return { delivery: aDelivery('tun-a1', way), key: 'key', before };
}

describe('the judge of rotations in simulated runs', () => {
  it('has nothing to say where nothing happened', () => {
    expect(wronglyRotated(remains({}), [aWrite(false)])).toEqual([]);
  });

  it.each<[string, Partial<RotationRemains>, RegExp]>([
    ['a pair that was down', { outages: [outage] }, /no tunnel of vco-a was up at 60000, for 1000/],
    ['a pair that stays down', { outages: [{ ...outage, to: null }] }, /from then on/],
    [
      'a pair that was down long after a broken line',
      { outages: [outage], drops: [{ vpnConnectionId, at: 10_000, forMs: 20_000 }] },
      /no tunnel of vco-a was up/,
    ],
    [
      'a pair that was down while the line of another was broken',
      { outages: [outage], drops: [{ vpnConnectionId: 'vco-b', at: 59_000, forMs: 20_000 }] },
      /no tunnel of vco-a was up/,
    ],
    [
      'a key that left early',
      { handedOver: [aSecondKey({})] },
      /key of chg_1\.tun-a1 left before tun-a2 of vco-a was proved/,
    ],
    [
      'a key of before that left early on the way back',
      { handedOver: [aSecondKey({}, '.back')] },
      /key of chg_1\.tun-a1\.back left before tun-a2 of vco-a was proved/,
    ],
    ['a key that no sink had', { untold: ['tun-a1'] }, /the cloud got a key of tun-a1 before any/],
  ])('tells of %s', (_, broken, complaint) => {
    expect(wronglyRotated(remains(broken), [aWrite(false)]).join('\n')).toMatch(complaint);
  });

  it.each<[string, Partial<RotationRemains>, JudgedWrite]>([
    ['a broken line', { outages: [{ ...outage, cause: 'network' }] }, aWrite(false)],
    ['somebody who reset it', { outages: [{ ...outage, cause: 'operator' }] }, aWrite(false)],
    [
      'the console',
      { outages: [{ ...outage, cause: 'write', requestId: 'console-1' }] },
      aWrite(false),
    ],
    [
      'a connection with one tunnel',
      { outages: [{ ...outage, tunnelMode: 'single' }] },
      aWrite(false),
    ],
    [
      'one tunnel that had no line just before',
      { outages: [outage], drops: [{ vpnConnectionId, at: 30_000, forMs: 20_000 }] },
      aWrite(false),
    ],
    ['a plan that bears interruptions', { outages: [outage] }, aWrite(true)],
    ['a first key that is taken', { handedOver: [aSecondKey({ isTaken: true })] }, aWrite(false)],
    [
      'a key that went the other way',
      { handedOver: [aSecondKey({ version: 'chg_1.tun-a2' }, '.back')] },
      aWrite(false),
    ],
    [
      'a device that began anew with the old key just before the cloud was done',
      { handedOver: [aSecondKey({ negotiatedAt: 11_000 })] },
      aWrite(false),
    ],
  ])('leaves out %s', (_, left, write) => {
    expect(wronglyRotated(remains(left), [write])).toEqual([]);
  });

  it('does not excuse what a device negotiated while the cloud was seen at work', () => {
    const early = remains({ handedOver: [aSecondKey({ negotiatedAt: 11_000 })] });

    expect(wronglyRotated(early, [aWrite(false, { settledAt: 20_000 })])).toHaveLength(1);
  });

  it('does not excuse what a plan brought that was written later', () => {
    const later = aWrite(true, { acceptedAt: 70_000 });

    expect(wronglyRotated(remains({ outages: [outage] }), [later])).toHaveLength(1);
  });
});
