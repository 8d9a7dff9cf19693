import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../../shared/job/settings.ts';
import { Plan } from '../../../shared/plan/schema.ts';
import { aPlan } from '../../helpers/factories.ts';

describe('the settings of a job', () => {
  it('are what the plan says', () => {
    const plan = Plan.parse(
      aPlan({
        handover: { deliverTo: ['kms'], acknowledgeWithin: 'PT2H' },
        verify: { timeoutSeconds: 60 },
        rollout: { batches: [1, '100%'], batchPause: 'first', slowStart: true },
        window: { notAfter: '2026-12-02T00:00:00+08:00' },
        approval: { required: 2 },
      }),
    );

    expect(settingsOf(plan, [1, 2])).toMatchObject({
      handover: { deliverTo: ['kms'], acknowledgeWithin: 'PT2H', keepPreviousFor: 'P7D' },
      verifyTimeoutSeconds: 60,
      rollout: { batches: [1, 2], batchPause: 'first', slowStart: true },
      window: { notBefore: null, notAfter: '2026-12-01T16:00:00.000Z' },
      approvalsRequired: 2,
    });
  });

  it('stand for all that the plan leaves out', () => {
    expect(settingsOf(Plan.parse(aPlan()), null)).toMatchObject({
      handover: {
        deliverTo: [],
        requireAcknowledgement: false,
        acknowledgeWithin: 'PT24H',
        keepPreviousFor: 'P7D',
      },
      verifyTimeoutSeconds: 300,
      rollout: { batches: null, batchPause: 'none', slowStart: false },
      window: { notBefore: null, notAfter: null },
      approvalsRequired: 0,
    });
  });
});
