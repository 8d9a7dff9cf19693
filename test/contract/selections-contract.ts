import { describe, expect, it } from 'vitest';
import { roomySeq } from '../../shared/job/plan-order.ts';
import type { NewJob, RolloutShares } from '../../shared/job/record.ts';
import type { Selection } from '../../shared/lane/lane-store.ts';
import { countsOf } from '../helpers/factories.ts';
import { anIntent, changeIdOf, found, refused } from '../helpers/factories-store.ts';
import { type Held, leaseSeconds, stepOf, type World } from './lane-store-world.ts';

const select = { attachType: ['CEN' as const], tags: { env: 'prod' } };

/** A job that names connections at some places of its plan and selects at others: `region/name@lane`, or `region/*`. */
function selecting(
  jobId: string,
  plan: readonly string[],
  { batches = ['100%'], ...shares }: Partial<RolloutShares> = {},
): { named: string[]; overrides: Partial<NewJob> } {
  const named = plan.filter((target) => !target.endsWith('*'));
  const changes = plan.flatMap((target, place) => {
    if (target.endsWith('*')) return [];
    const [regionId = '', rest = ''] = target.split('/');
    const [vpnConnectionId = ''] = rest.split('@');
    const seq = roomySeq(place, 0);
    return [{ id: changeIdOf(jobId, seq), seq, regionId, vpnConnectionId, intentNumber: 0 }];
  });
  const selectors = plan.flatMap((target, place) =>
    target.endsWith('*')
      ? [{ place, regionId: target.split('/')[0] ?? '', intentNumber: 0, select }]
      : [],
  );
  const rollout = { concurrency: '50%', maxErrors: '25%', batches, ...shares };
  return { named, overrides: { changes, selection: { selectors, rollout } } };
}

/** What a selector took: these names. */
function took(jobId: string, place: number, names: readonly string[]): Selection {
  return {
    place,
    refusal: null,
    changes: names.map((vpnConnectionId, rank) => {
      const seq = roomySeq(place, rank);
      return { id: changeIdOf(jobId, seq), seq, vpnConnectionId };
    }),
  };
}

const tookNothing = (place: number): Selection => {
  return { place, refusal: 'matches no connection', changes: [] };
};

/** Selectors of jobs: from acceptance until their changes are numbered and counted. */
export function defineSelectionsContract(world: World): void {
  const jobId = 'job_001';
  const region = (name: string, hand = 'resolver'): Promise<Held> =>
    world.hand(hand).take(`region:${name}`);
  const finish = (lease: Held, regionId = 'north'): Promise<boolean> =>
    world.resolving.finishRegion(lease, { jobId, regionId }, () => 'digest');
  const accept = (
    plan: readonly string[],
    more: Partial<NewJob> = {},
    rollout?: Partial<RolloutShares>,
  ): Promise<string> => {
    const { named, overrides } = selecting(jobId, plan, rollout);
    return world.accept(named, { ...overrides, ...more });
  };

  /** Resolves all that is named or was selected, on one lane. */
  async function resolveAll(lease: Held, regionId = 'north'): Promise<void> {
    const work = await world.resolving.nextInRegion(regionId);
    const changes = work?.changes ?? [];
    await world.resolving.saveResolutions(
      lease,
      jobId,
      changes.map((change) => found(change, `gateway:${regionId}/1`)),
    );
  }

  async function inOrder(): Promise<[number, string][]> {
    const changes = await world.jobs.listChanges({ jobId, states: null, limit: 99, after: null });
    return changes.map(({ seq, vpnConnectionId }) => [seq, vpnConnectionId]);
  }

  it('are stored with the job, whose total is open', async () => {
    await accept(['north/a@1', 'north/*', 'south/*']);
    const work = await world.resolving.nextInRegion('north');
    const claimed = await world.hand().claim();

    expect(await world.job(jobId)).toMatchObject({ total: null, counts: countsOf({ queued: 1 }) });
    expect(work?.changes.map(({ vpnConnectionId }) => vpnConnectionId)).toEqual(['a']);
    expect(work?.selectors).toEqual([{ place: 1, intentNumber: 0, select }]);
    expect(claimed.map(({ laneKey }) => laneKey).sort()).toEqual(['region:north', 'region:south']);
  });

  it('may be all that a job has', async () => {
    await accept(['north/*']);

    expect((await world.resolving.nextInRegion('north'))?.selectors).toHaveLength(1);
  });

  it('become changes that are still to be resolved', async () => {
    await accept(['north/*', 'north/a@1']);
    const lease = await region('north');
    await world.resolving.saveSelections(lease, jobId, [took(jobId, 0, ['b', 'c'])]);
    const work = await world.resolving.nextInRegion('north');

    expect(work?.selectors).toEqual([]);
    expect(work?.changes.map(({ vpnConnectionId }) => vpnConnectionId)).toEqual(['b', 'c', 'a']);
    expect(await world.job(jobId)).toMatchObject({ total: null, counts: countsOf({ queued: 3 }) });
  });

  it('double nothing when they are resolved again', async () => {
    await accept(['north/*']);
    const lease = await region('north');
    await world.resolving.saveSelections(lease, jobId, [took(jobId, 0, ['b', 'c'])]);
    await world.pass(leaseSeconds * 1_000);
    const heir = await region('north', 'heir');
    const again = took(jobId, 0, ['d']);
    const saved = await world.resolving.saveSelections(heir, jobId, [again]);

    expect(saved).toBe(true);
    expect((await inOrder()).map(([, name]) => name)).toEqual(['b', 'c']);
    expect(await world.job(jobId)).toMatchObject({ counts: countsOf({ queued: 2 }) });
  });

  it('are not written once the lease is lost', async () => {
    await accept(['north/*']);
    const lost = await region('north');
    await world.pass(leaseSeconds * 1_000);
    await region('north', 'heir');
    const saved = await world.resolving.saveSelections(lost, jobId, [took(jobId, 0, ['b'])]);

    expect(saved).toBe(false);
    expect(await inOrder()).toEqual([]);
    expect((await world.resolving.nextInRegion('north'))?.selectors).toHaveLength(1);
  });

  it('are numbered without gaps in plan order, and counted, when the last region is resolved', async () => {
    await accept(['south/x@2', 'north/*', 'north/a@1', 'south/*', 'north/a@1']);
    const [north, south] = [await region('north'), await region('south')];
    await world.resolving.saveSelections(south, jobId, [took(jobId, 3, ['y', 'z'])]);
    await world.resolving.saveSelections(north, jobId, [took(jobId, 1, ['a', 'b', 'c'])]);
    await resolveAll(north);
    await resolveAll(south, 'south');
    await finish(north);
    const half = await world.job(jobId);
    await finish(south, 'south');

    expect(half).toMatchObject({ state: 'resolving', total: null });
    expect(await world.job(jobId)).toMatchObject({
      state: 'running',
      total: 8,
      counts: countsOf({ queued: 8 }),
    });
    expect(await inOrder()).toEqual([
      [0, 'x'],
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [4, 'a'],
      [5, 'y'],
      [6, 'z'],
      [7, 'a'],
    ]);
  });

  it.each([
    { rollout: { concurrency: '50%', maxErrors: '25%' }, counted: [4, 2, 8] },
    { rollout: { concurrency: 3, maxErrors: 1 }, counted: [3, 1, 8] },
    {
      rollout: { concurrency: 3, maxErrors: 1, batches: [1, '30%', '100%'] },
      counted: [3, 1, 1, 3, 8],
    },
  ])('count $rollout of eight changes as $counted', async ({ rollout, counted }) => {
    await accept(['north/*'], {}, rollout);
    const lease = await region('north');
    const names = Array.from('abcdefgh');
    await world.resolving.saveSelections(lease, jobId, [took(jobId, 0, names)]);
    await resolveAll(lease);
    await finish(lease);
    const { maxInFlight, maxErrors } = await world.inside.limits(jobId);

    const batches = (await world.jobs.settings(jobId))?.rollout.batches ?? [];

    expect([maxInFlight, maxErrors, ...batches]).toEqual(counted);
  });

  it.each(['stop', 'continue', 'rollback'] as const)(
    'end a job under %s whose batches do not grow once they can be compared',
    async (onFailure) => {
      const failurePolicy = { onFailure, maxErrors: 0 };
      await accept(['north/*'], { failurePolicy }, { batches: [2, '10%', '100%'] });
      const lease = await region('north');
      await world.resolving.saveSelections(lease, jobId, [took(jobId, 0, ['a', 'b', 'c'])]);
      await resolveAll(lease);
      await finish(lease);

      expect(await world.job(jobId)).toMatchObject({
        state: 'failed',
        total: 3,
        counts: countsOf({ cancelled: 3 }),
        reason:
          '/rollout/batches/1 must be more than the batch before it, of 3 changes; nothing was changed',
      });
    },
  );

  it('that take the same connection run one after the other', async () => {
    await accept(['north/*', 'north/*']);
    const lease = await region('north');
    await world.resolving.saveSelections(lease, jobId, [
      took(jobId, 0, ['a']),
      took(jobId, 1, ['a']),
    ]);
    await resolveAll(lease);
    await finish(lease);
    const hand = world.hand();
    const first = await hand.next(await hand.take('1'));
    const second = await hand.end(first);

    expect([first.change?.seq, second.change?.seq]).toEqual([0, 1]);
  });

  describe('that match nothing', () => {
    it('under stop end the job, named by their paths', async () => {
      await accept(['north/a@1', 'north/*', 'north/*', 'north/*']);
      const lease = await region('north');
      await world.resolving.saveSelections(lease, jobId, [
        tookNothing(1),
        took(jobId, 2, ['b']),
        tookNothing(3),
      ]);
      await resolveAll(lease);
      await finish(lease);

      expect(await world.job(jobId)).toMatchObject({
        state: 'failed',
        total: 2,
        counts: countsOf({ cancelled: 2 }),
        reason:
          '/targets/1/select matches no connection, /targets/3/select matches no connection; nothing was changed',
      });
      expect((await world.hand().claim()).filter(({ change }) => change !== null)).toEqual([]);
    });

    it('are told beside refused changes', async () => {
      await accept(['north/a@1', 'north/*']);
      const lease = await region('north');
      await world.resolving.saveSelections(lease, jobId, [tookNothing(1)]);
      await world.resolving.saveResolutions(lease, jobId, [refused({ id: changeIdOf(jobId, 0) })]);
      await finish(lease);

      expect((await world.job(jobId)).reason).toBe(
        "1 of the plan's targets were refused; /targets/1/select matches no connection; nothing was changed",
      );
    });

    it('under continue let the rest go on', async () => {
      const failurePolicy = { onFailure: 'continue', maxErrors: 0 } as const;
      await accept(['north/a@1', 'north/*'], { failurePolicy });
      const lease = await region('north');
      await world.resolving.saveSelections(lease, jobId, [tookNothing(1)]);
      await resolveAll(lease);
      await finish(lease);
      const hand = world.hand();
      await hand.end(await hand.next(await hand.take('gateway:north/1')));

      expect(await world.job(jobId)).toMatchObject({
        state: 'succeeded',
        total: 1,
        reason: '/targets/1/select matches no connection',
      });
    });

    it('keep the keys of their wish, since a retry of the job selects again', async () => {
      const failurePolicy = { onFailure: 'continue', maxErrors: 0 } as const;
      const sealedKeys = { 'IkeConfig.Psk': 'sealed' };
      await accept(['north/a@1', 'north/*'], {
        failurePolicy,
        intents: [anIntent({ sealedKeys })],
      });
      const lease = await region('north');
      await world.resolving.saveSelections(lease, jobId, [tookNothing(1)]);
      await resolveAll(lease);
      await finish(lease);
      const hand = world.hand();
      const held = await hand.next(await hand.take('gateway:north/1'));
      const end = stepOf(held, 'succeeded', { kind: 'next' }, { step: null });
      await hand.record({ ...end, keysKeptFor: 'PT0S' });

      expect(await world.lanes.eraseKeys()).toBe(1);
      expect((await world.jobs.retryable(jobId))?.intents[0]?.sealedKeys).toEqual(sealedKeys);
    });

    it('under continue end a job that has nothing else', async () => {
      const failurePolicy = { onFailure: 'continue', maxErrors: 0 } as const;
      await accept(['north/*'], { failurePolicy });
      const lease = await region('north');
      await world.resolving.saveSelections(lease, jobId, [tookNothing(0)]);
      await finish(lease);

      expect(await world.job(jobId)).toMatchObject({ state: 'failed', total: 0 });
    });

    it('are not all named when they are many', async () => {
      await accept(Array.from({ length: 12 }, () => 'north/*'));
      const lease = await region('north');
      const all = Array.from({ length: 12 }, (_, place) => tookNothing(place));
      await world.resolving.saveSelections(lease, jobId, all);
      await finish(lease);
      const { reason } = await world.job(jobId);

      expect(reason).toContain('/targets/9/select matches no connection, and 2 more like these');
      expect(reason).not.toContain('/targets/10/');
    });
  });

  it('may take thousands', { timeout: 60_000 }, async () => {
    await accept(['north/a@1', 'north/*']);
    const lease = await region('north');
    const names = Array.from({ length: 5_000 }, (_, index) => `vco-${index}`);
    await world.resolving.saveSelections(lease, jobId, [took(jobId, 1, names)]);
    await resolveAll(lease);
    await finish(lease);
    const last = await world.jobs.listChanges({ jobId, states: null, limit: 9, after: 4_999 });

    expect(await world.job(jobId)).toMatchObject({ total: 5_001 });
    expect(last.map(({ seq, vpnConnectionId }) => [seq, vpnConnectionId])).toEqual([
      [5_000, 'vco-4999'],
    ]);
  });
}
