import { describe, expect, it } from 'vitest';
import { Outages } from '../../../local/simulator/peers/outages.ts';
import type { RecordSnapshot } from '../../../local/simulator/record.ts';
import type { WriteRecord } from '../../../local/simulator/writes.ts';
import { countNames, minimumOf, vacuities } from '../../chaos/counts.ts';
import { type JudgedChange, judge, type Remains } from '../../chaos/judge.ts';

function aWrite(vpnConnectionId: string, clientToken: string, effective = true): WriteRecord {
  return {
    requestId: clientToken,
    regionId: 'cn-hangzhou',
    scope: `connection:cn-hangzhou/${vpnConnectionId}`,
    vpnConnectionId,
    tunnelIds: [],
    clientToken,
    source: 'api',
    outcome: effective ? 'accepted' : 'repeated',
    code: null,
    effective,
    acceptedAt: 0,
    settledAt: effective ? 1 : null,
  };
}

function aChange(vpnConnectionId: string, clientToken: string): JudgedChange {
  return {
    id: `chg-${clientToken}`,
    vpnConnectionId,
    clientTokens: [clientToken],
    state: 'succeeded',
    lastError: null,
  };
}

function aRecord(writes: readonly WriteRecord[]): RecordSnapshot {
  return {
    writes,
    overlaps: [],
    tunnelOverlaps: [],
    outages: new Outages().recordAt(0),
    maxInFlight: 1,
    calls: [],
    busyAnswers: 0,
    throttled: 0,
    faults: {},
    windowMaxima: {},
    longestLaneMs: 0,
  };
}

function pairsDownFor(ms: number): RecordSnapshot['outages'] {
  const outages = new Outages();
  const pair = { regionId: 'cn-hangzhou', vpnConnectionId: 'a', tunnelMode: 'dual' } as const;
  outages.began(pair, 10, { kind: 'write', requestId: 'r1' });
  return outages.recordAt(10 + ms);
}

const first = aWrite('a', 't1');
const repeated = aWrite('a', 't1', false);
const second = aWrite('a', 't2');
const good: Remains = {
  changes: [aChange('a', 't1'), aChange('a', 't2')],
  jobs: [{ id: 'job', state: 'succeeded', journal: null }],
  record: aRecord([first, repeated, second]),
  wanted: new Map([['a', 2]]),
  shown: new Map([
    ['a', 2],
    ['b', 0],
  ]),
  rotated: new Set(['a']),
  keys: [
    { vpnConnectionId: 'a', place: 'vpn-psk/a', isOld: false, isInSink: true },
    { vpnConnectionId: 'b', place: 'vpn-psk/b', isOld: true, isInSink: false },
  ],
};
const [keyOfA, keyOfB] = good.keys;
const overlap = { scope: 'gateway:1', firstRequestId: 't1', secondRequestId: 't2', at: 0 };

describe('the judge of a chaos run', () => {
  it('finds nothing wrong where each change took effect once and in order', () => {
    expect(judge(good)).toEqual([]);
  });

  it.each<[what: string, remains: Partial<Remains>, said: string]>([
    [
      'an overlap',
      { record: { ...good.record, overlaps: [overlap] } },
      'two changes were in flight at once on gateway:1',
    ],
    [
      'a second effective write of one change',
      { record: aRecord([first, first, second]) },
      'a was changed 3 times instead of 2',
    ],
    [
      'a change that was skipped',
      { record: aRecord([first]) },
      'a was changed 1 times instead of 2',
    ],
    [
      'a write that nobody planned',
      { record: aRecord([first, second, aWrite('b', 't9')]) },
      'b was changed 1 times instead of 0',
    ],
    [
      'changes in another order',
      { record: aRecord([second, first]) },
      'a was changed as often as planned, but by other requests or in another order',
    ],
    [
      'a key that no sink has',
      { keys: keyOfA ? [{ ...keyOfA, isInSink: false }] : [] },
      'the key of vpn-psk/a is in no sink',
    ],
    [
      'a key that was to be replaced',
      { keys: keyOfA ? [{ ...keyOfA, isOld: true, isInSink: false }] : [] },
      'the key of vpn-psk/a is the old one',
    ],
    [
      'a key that came from nowhere',
      { keys: keyOfB ? [{ ...keyOfB, isOld: false }] : [] },
      'the key of vpn-psk/b is in no sink',
    ],
    [
      'pairs that were down',
      { record: { ...good.record, outages: pairsDownFor(5) } },
      'pairs of tunnels were down at once for 5 ms',
    ],
    ['a value that does not stand', { shown: new Map([['a', 1]]) }, 'a shows 1 instead of 2'],
    [
      'a change that failed',
      { changes: [aChange('a', 't1'), { ...aChange('a', 't2'), state: 'failed' }] },
      'change chg-t2 is failed: null',
    ],
    [
      'a job that is stuck',
      { jobs: [{ id: 'job', state: 'running', journal: null }] },
      'job job is running',
    ],
    [
      'a journal that does not hold',
      { jobs: [{ id: 'job', state: 'succeeded', journal: 'not sealed' }] },
      'the journal of job job does not hold: not sealed',
    ],
  ])('finds %s', (_, remains, said) => {
    expect(judge({ ...good, ...remains })).toContain(said);
  });
});

describe('the counts of a chaos run', () => {
  const usual = { minutes: 3, kills: 0, rotates: true };
  const enough = Object.fromEntries(countNames.map((name) => [name, minimumOf(name, usual)]));
  const counts = {
    kills: 9,
    suspensions: 6,
    takeovers: 18,
    databaseRestarts: 3,
    lostReplies: 30,
    busyAnswers: 15,
    retries: 15,
    rotations: 18,
    changes: 180,
  };

  it('are enough when they reach the minimums of its length', () => {
    expect(enough).toEqual(counts);
    expect(vacuities(counts, usual)).toEqual([]);
  });

  it.each(countNames)('are too few when there is one of the %s less', (name) => {
    expect(vacuities({ ...counts, [name]: counts[name] - 1 }, usual)).toEqual([
      `${name}: ${counts[name] - 1}, at least ${counts[name]} are needed`,
    ]);
  });

  it('wants the kills that were asked for, where that is more than usual', () => {
    expect(minimumOf('kills', { minutes: 10, kills: 200, rotates: true })).toBe(200);
    expect(minimumOf('kills', { minutes: 10, kills: 1, rotates: true })).toBe(30);
    expect(minimumOf('takeovers', { minutes: 10, kills: 200, rotates: true })).toBe(60);
  });

  it('are at least one each, however short the run is', () => {
    expect(
      countNames.map((name) => minimumOf(name, { minutes: 0.01, kills: 0, rotates: true })),
    ).toEqual(countNames.map(() => 1));
  });
});
