import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nothingHandedOver } from '../../../shared/change/handover.ts';
import type { ChangeError } from '../../../shared/change/record.ts';
import { changeStates } from '../../../shared/change/state.ts';
import type { QueuePlace } from '../../../shared/job/queue-place.ts';
import { ChangeBody, changeBodyOf } from '../../../shared/progress/change-body.ts';
import { JobBody, jobBodyOf, jobTagOf } from '../../../shared/progress/job-body.ts';
import { waitingForOf } from '../../../shared/progress/waiting-for.ts';
import { aChange, aJob, countsOf } from '../../helpers/factories.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const clock = new FakeClock('2026-11-22T10:00:00.000Z');
const startedAt = '2026-11-22T09:59:00.000Z';

describe('a job body', () => {
  it('has exactly the documented members', () => {
    expect(JobBody.strict().parse(jobBodyOf(aJob(), clock))).toEqual({
      id: 'job_01KAJ0Q2Z5B4T7E9V3X6M8N1PR',
      title: 'stronger algorithms',
      state: 'running',
      createdAt: '2026-11-22T09:59:00.000Z',
      createdBy: 'ops',
      startedAt: '2026-11-22T09:59:30.000Z',
      finishedAt: null,
      estimatedFinishAt: null,
      planDigest: null,
      total: 4,
      counts: countsOf({ queued: 4 }),
      progress: 0,
      reason: null,
      retryOf: null,
      rollbackOf: null,
      scheduleName: null,
      links: {
        self: '/v1/jobs/job_01KAJ0Q2Z5B4T7E9V3X6M8N1PR',
        changes: '/v1/jobs/job_01KAJ0Q2Z5B4T7E9V3X6M8N1PR/changes',
      },
    });
  });

  it.each([
    [{ queued: 3, settling: 1 }, 0],
    [{ queued: 1, succeeded: 1 }, 0.5],
    [{ failed: 1, cancelled: 1, unchanged: 1, skipped: 1, rolled_back: 1, succeeded: 1 }, 1],
    [{ queued: 1, succeeded: 19_999 }, 0.9999],
    [{ queued: 2, succeeded: 1 }, 0.3333],
  ])('with %j has progress %d', (counts, progress) => {
    expect(jobBodyOf(aJob({ counts: countsOf(counts) }), clock).progress).toBe(progress);
  });

  it('has progress 1 only when every change has ended', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5000), { minLength: 12, maxLength: 12 }), (numbers) => {
        const counts = countsOf(
          Object.fromEntries(changeStates.map((state, i) => [state, numbers[i] ?? 0])),
        );
        const open =
          counts.queued +
          counts.delivering +
          counts.applying +
          counts.settling +
          counts.verifying +
          counts.rolling_back;
        const { progress, total } = jobBodyOf(aJob({ counts }), clock);

        expect(progress).toBeGreaterThanOrEqual(0);
        if (total) expect(progress === 1).toBe(open === 0);
      }),
    );
  });

  it.each([
    ['a quarter took one minute', { succeeded: 1, queued: 3 }, '2026-11-22T10:03:00.000Z'],
    ['half took one minute', { succeeded: 1, failed: 1, queued: 2 }, '2026-11-22T10:01:00.000Z'],
    ['nothing has ended', { queued: 4 }, null],
  ])('estimates its end when %s', (_, counts, estimate) => {
    const job = aJob({ counts: countsOf(counts), startedAt });

    expect(jobBodyOf(job, clock).estimatedFinishAt).toBe(estimate);
  });

  it.each(['succeeded', 'failed', 'cancelled'] as const)('has no estimate once it %s', (state) => {
    const job = aJob({ state, counts: countsOf({ succeeded: 4 }), startedAt });

    expect(jobBodyOf(job, clock).estimatedFinishAt).toBeNull();
  });
});

describe('a job tag', () => {
  it('stays while nothing happens and changes when something does', () => {
    const job = aJob({ counts: countsOf({ queued: 3, settling: 1 }) });

    expect(jobTagOf(job)).toBe(jobTagOf({ ...job }));
    expect(jobTagOf(job)).not.toBe(
      jobTagOf({ ...job, counts: countsOf({ queued: 3, succeeded: 1 }) }),
    );
    expect(jobTagOf(job)).toMatch(/^W\/"[0-9a-f]{32}"$/);
  });
});

describe('a change body', () => {
  it('has exactly the documented members, and nothing of what is stored beside', () => {
    const change = aChange({
      base: { Name: 'hush' },
      sealedBaseKeys: { 'IkeConfig.Psk': 'v1.hush' },
      sealedMadeKeys: {},
      sealedPreviousKeys: {},
      handover: nothingHandedOver,
      verdict: null,
      requestDigest: 'hush',
      clientToken: 'hush',
      diff: [{ path: 'IkeConfig.Psk', from: null, to: '***' }],
    });

    const body = ChangeBody.strict().parse(changeBodyOf(change));

    expect(body).toMatchObject({ seq: 0, verdict: null, tunnels: null, diff: change.diff });
    expect(JSON.stringify(body)).not.toContain('hush');
  });
});

describe('the tunnels of a change', () => {
  it('are shown with their names and states, and nothing of what is remembered', () => {
    const up = {
      state: 'active',
      negotiation: 'ipsec_sa_established',
      wasUp: true,
      downSince: null,
      verdict: null,
    };
    const change = aChange({
      tunnels: [
        { tunnelId: 'tun-m', role: 'master', index: null, ...up },
        { tunnelId: 'tun-2', role: null, index: 2, ...up, state: 'updating' },
      ],
    });

    expect(ChangeBody.strict().parse(changeBodyOf(change)).tunnels).toEqual([
      { tunnelId: 'tun-m', role: 'master', index: null, state: 'active', verdict: null },
      { tunnelId: 'tun-2', role: null, index: 2, state: 'updating', verdict: null },
    ]);
  });
});

const aBatch = { number: 2, of: 3, left: 1, rounds: 1, pauses: false };
const aCompanion = {
  id: 'chg_2',
  jobId: 'job_2',
  vpnConnectionId: 'vco-b',
};

function place(some: Partial<QueuePlace>): QueuePlace {
  const nobody = { connectionAhead: null, laneAhead: null };
  return { hold: null, batch: null, ...nobody, slots: null, settleMs: null, ...some };
}

describe('waitingFor', () => {
  const error = (overrides: Partial<ChangeError>): ChangeError => ({
    code: 'VpnGateway.Configuring',
    class: 'busy',
    message: 'the gateway is busy',
    requestId: null,
    ...overrides,
  });

  it.each([
    ['null when it has ended', { state: 'succeeded', laneDueInMs: 5 }, null],
    ['null while it is applied', { state: 'applying' }, null],
    [
      'the tunnel that is not up again',
      {
        state: 'verifying',
        lastError: error({ class: 'tunnel_down', message: 'tunnel tun-s is not up again' }),
      },
      'Waits for a tunnel: tunnel tun-s is not up again.',
    ],
    [
      'another operation, half done',
      { state: 'verifying', lastError: error({}) },
      'Waits for another operation on gateway:cn-hangzhou/vpn-1 (VpnGateway.Configuring).',
    ],
    ['null while it settles', { state: 'settling', laneDueInMs: 3000 }, null],
    [
      'the resolving of its job',
      { laneKey: null },
      'Waits until the job is resolved: its connection has not been read yet.',
    ],
    [
      'the change in flight on its lane',
      { laneChange: { id: 'chg_2', jobId: 'job_2' } },
      'Waits for change chg_2 of job job_2, which is in flight on gateway:cn-hangzhou/vpn-1.',
    ],
    [
      'the change in flight that backs it up',
      { companion: aCompanion },
      'Waits for change chg_2 of job job_2: vco-b, which backs this connection up, is in flight.',
    ],
    [
      'those on its lane, and when it begins',
      {
        laneChange: { id: 'chg_2', jobId: 'job_2' },
        queue: place({
          laneAhead: { id: 'chg_3', jobId: 'job_2', others: 1, isHeld: false },
          settleMs: 50_000,
        }),
      },
      'Waits for change chg_2 of job job_2, which is in flight on gateway:cn-hangzhou/vpn-1, and for 2 changes before it there. By settle times so far it begins within 3 min.',
    ],
    [
      'the one before it on its connection',
      {
        queue: place({
          connectionAhead: { id: 'chg_3', jobId: 'job_2', others: 0, isHeld: false },
        }),
      },
      'Waits for change chg_3 of job job_2, which comes before it on connection cn-hangzhou/vco-00000.',
    ],
    [
      'many before it on its lane',
      { queue: place({ laneAhead: { id: 'chg_3', jobId: 'job_2', others: 99, isHeld: false } }) },
      'Waits for change chg_3 of job job_2 and 99 or more changes, which come before it on gateway:cn-hangzhou/vpn-1.',
    ],
    [
      'its batch',
      { queue: place({ batch: aBatch }) },
      'Waits for batch 2 of 3: 1 change of the open batch has not ended.',
    ],
    [
      'its approvers',
      {
        queue: place({
          hold: {
            kind: 'approval',
            required: 2,
            given: ['ann'],
            until: '2026-11-29T10:00:00.000Z',
          },
        }),
      },
      'Waits for 2 approvals until 2026-11-29T10:00:00.000Z, 1 given (ann).',
    ],
    [
      'its window',
      { queue: place({ hold: { kind: 'window', until: '2026-11-29T10:00:00.000Z' } }) },
      'Waits until 2026-11-29T10:00:00.000Z, when its window opens.',
    ],
    [
      'a slot',
      { queue: place({ slots: { inFlight: 10, limit: 10, ahead: 0 } }) },
      'Waits for a slot of its job: 10 of 10 are taken by changes in flight.',
    ],
    ['its turn', {}, 'Waits for its turn.'],
    ['its turn when the lane is only due later', { laneDueInMs: 100 }, 'Waits for its turn.'],
    [
      'another operation',
      { laneDueInMs: 2100, lastError: error({}) },
      'Waits for another operation on gateway:cn-hangzhou/vpn-1 (VpnGateway.Configuring). Looked at again in 3 s.',
    ],
    [
      'the budget',
      {
        state: 'applying',
        laneDueInMs: 1,
        lastError: error({ class: 'throttled', code: 'Throttling' }),
      },
      'Waits for the API budget of the region (Throttling). Looked at again in 1 s.',
    ],
    [
      'what went wrong',
      {
        state: 'settling',
        laneDueInMs: 1000,
        lastError: error({ class: 'unknown_fate', code: 'Timeout' }),
      },
      'Waits after Timeout. Looked at again in 1 s.',
    ],
  ] as const)('is %s', (_, overrides, sentence) => {
    expect(waitingForOf(aChange(overrides))).toBe(sentence);
  });
});
