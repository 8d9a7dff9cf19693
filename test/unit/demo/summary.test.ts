import { describe, expect, it } from 'vitest';
import { checkLines, summaryOf } from '../../../local/demo/summary.ts';
import { Outages } from '../../../local/simulator/peers/outages.ts';
import type { RecordSnapshot } from '../../../local/simulator/record.ts';
import type { WriteRecord } from '../../../local/simulator/writes.ts';

const aWrite: WriteRecord = {
  requestId: 'r',
  regionId: 'cn-hangzhou',
  scope: 'gateway:cn-hangzhou/vpn-1',
  vpnConnectionId: 'vco-1',
  tunnelIds: [],
  clientToken: null,
  source: 'api',
  outcome: 'accepted',
  code: null,
  effective: true,
  acceptedAt: 0,
  settledAt: 1_000,
};

const record: RecordSnapshot = {
  writes: [
    aWrite,
    { ...aWrite, effective: false, outcome: 'refused' },
    { ...aWrite, source: 'console' },
  ],
  overlaps: [],
  tunnelOverlaps: [],
  outages: new Outages().recordAt(0),
  maxInFlight: 1,
  calls: [
    { action: 'ModifyVpnConnectionAttribute', total: 2, answered: 1, refused: {} },
    { action: 'DescribeVpnConnections', total: 3, answered: 3, refused: {} },
  ],
  busyAnswers: 1,
  throttled: 4,
  faults: { lostAfterApply: 1, droppedBefore: 2, html502: 5, spuriousBusy: 1 },
  windowMaxima: {},
  longestLaneMs: 3_000,
};

function change(state: 'succeeded' | 'failed', vpnConnectionId: string) {
  const rest = { verdict: null, tunnels: null, diff: [], lastError: null };
  const times = { startedAt: null, finishedAt: null, waitingFor: null, attempts: 1 };
  const ids = {
    id: 'chg_1',
    jobId: 'job_1',
    seq: 0,
    regionId: 'cn-hangzhou',
    laneKey: 'gateway:x',
  };
  return { ...ids, ...rest, ...times, state, vpnConnectionId };
}

describe('summary of the demo', () => {
  const text = summaryOf({
    changes: [change('succeeded', 'vco-1'), change('failed', 'vco-1')],
    record,
    wallMs: 4_000,
  });

  it.each([
    ['changes succeeded', '1', 'of 2; 1 connections, 1 lanes'],
    ['changes failed', '1', ''],
    ['wall time', '4.0 s', 'from first request to last change'],
    ['lower bound', '3.0 s', 'settle times of the longest lane'],
    ['efficiency', '75 %', 'lower bound ÷ wall time'],
    ['writes per change', '1.00', '2 sent, 1 took effect'],
    ['reads per change', '1.50', '3 sent'],
    ['busy answers met', '1', '1 edits by others'],
    ['throttled', '4', ''],
    ['lost replies', '3', 'connection cut, applied or not'],
    ['broken replies', '5', 'HTTP 5xx, applied or not'],
    ['faults injected', '9', 'of all kinds, reads included'],
    ['overlaps seen by the simulator', '0', ''],
  ])('has %s', (label, value, note) => {
    const row = text.split('\n').find((line) => line.trimStart().startsWith(label));

    expect(row?.replace(/ +/g, ' ')).toBe(` ${label} ${value} ${note}`.trimEnd());
  });

  it('fits a terminal of 80 columns', () => {
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(80);
  });

  it('marks what held and what did not', () => {
    const checks = [
      { text: 'one', holds: true },
      { text: 'two', holds: false },
    ];

    expect(checkLines(checks, (_, plain) => plain)).toBe('  ✓ one\n  ✗ two\n');
  });
});
