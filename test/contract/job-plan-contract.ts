import { describe, expect, it } from 'vitest';
import type { NewJob } from '../../shared/job/record.ts';
import type { JobSettings } from '../../shared/job/settings.ts';
import { aNewJob, someSettings } from '../helpers/factories-store.ts';
import type { World } from './lane-store-world.ts';

/** What a job keeps of its plan besides its changes. */
export function defineJobPlanContract(world: World): void {
  describe('an accepted plan', () => {
    it('takes the intents along', async () => {
      const intents: NewJob['intents'] = [
        {
          number: 0,
          fields: { Name: 'one' },
          sealedKeys: {},
          keyDigests: {},
          acceptOutage: false,
          rotatePsk: null,
          tunnelProof: 'none',
          expected: null,
        },
        {
          number: 1,
          fields: { 'slave/IkeConfig.IkePfs': 'group14' },
          sealedKeys: { 'IkeConfig.Psk': 'sealed', 'slave/IkeConfig.Psk': 'sealed too' },
          keyDigests: { 'IkeConfig.Psk': 'hmac:1', 'slave/IkeConfig.Psk': 'hmac:2' },
          acceptOutage: true,
          rotatePsk: 32,
          tunnelProof: 'required',
          expected: { 'slave/IkeConfig.IkePfs': 'group2', 'slave/IkeConfig.Psk': 'hmac:3' },
        },
      ];
      const { changes } = aNewJob(['a@1', 'b@2'], { id: 'job_001' });
      const numbered = changes.map((change, intentNumber) => ({ ...change, intentNumber }));
      await world.jobs.accept(
        aNewJob(['a@1', 'b@2'], { id: 'job_001', intents, changes: numbered }),
      );
      const work = await world.resolving.nextInRegion('cn-hangzhou');

      expect(work?.intents).toEqual(intents);
      expect(work?.changes.map(({ intentNumber }) => intentNumber)).toEqual([0, 1]);
    });

    it('keeps how the job is to be carried out', async () => {
      const settings: JobSettings = {
        handover: {
          deliverTo: ['kms', 'hook'],
          requireAcknowledgement: true,
          acknowledgeWithin: 'PT2H',
          keepPreviousFor: 'P1M',
        },
        verifyTimeoutSeconds: 60,
        rollout: { batches: [1, 2], batchPause: 'every', slowStart: true, redundancy: 'groups' },
        window: { notBefore: '2026-12-01T18:00:00.000Z', notAfter: '2026-12-01T22:00:00.000Z' },
        approvalsRequired: 2,
      };
      await world.accept(['a@1', 'b@2'], { id: 'job_001', settings });
      await world.accept(['a@1'], { id: 'job_002', settings: someSettings });

      expect(await world.jobs.settings('job_001')).toEqual(settings);
      expect(await world.jobs.settings('job_002')).toEqual(someSettings);
      expect(await world.jobs.settings('job_003')).toBeNull();
    });
  });
}
