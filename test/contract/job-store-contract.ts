import { describe, expect, it } from 'vitest';
import { nothingHandedOver } from '../../shared/change/handover.ts';
import type { NewJob } from '../../shared/job/record.ts';
import { countsOf } from '../helpers/factories.ts';
import { aNewJob, changeIdOf, notFound, refused } from '../helpers/factories-store.ts';
import { next, stepOf, type World } from './lane-store-world.ts';

const day = 86_400_000;

function keyed(id: string, key: string, overrides: Partial<NewJob> = {}): NewJob {
  return aNewJob(['a@1'], { id, idempotency: { key, planHash: 'hash-1' }, ...overrides });
}

/** Jobs as submitters write and readers see them. */
export function defineJobStoreContract(world: World): void {
  const now = (): string => new Date(world.clock.now()).toISOString();

  describe('acceptance', () => {
    it('makes the job and all its changes readable at once', async () => {
      const jobId = await world.accept(['b@1', 'south/a@2', 'b@1'], { title: 'naïve "ö"' });

      expect(await world.job(jobId)).toEqual({
        id: jobId,
        position: 1,
        title: 'naïve "ö"',
        state: 'resolving',
        createdAt: now(),
        createdBy: 'ops',
        startedAt: null,
        finishedAt: null,
        planDigest: null,
        total: 3,
        counts: countsOf({ queued: 3 }),
        reason: null,
        hold: null,
        scheduleName: null,
        retryOf: null,
        rollbackOf: null,
      });
      const changes = await world.jobs.listChanges({ jobId, states: null, limit: 9, after: null });
      expect(
        changes.map(({ seq, regionId, vpnConnectionId }) => [seq, regionId, vpnConnectionId]),
      ).toEqual([
        [0, 'cn-hangzhou', 'b'],
        [1, 'south', 'a'],
        [2, 'cn-hangzhou', 'b'],
      ]);
      expect(changes[1]).toEqual({
        id: changeIdOf(jobId, 1),
        jobId,
        seq: 1,
        regionId: 'south',
        vpnConnectionId: 'a',
        laneKey: null,
        attachType: null,
        state: 'queued',
        step: null,
        attempts: 0,
        refusals: 0,
        diff: [],
        base: null,
        sealedBaseKeys: {},
        sealedMadeKeys: {},
        sealedPreviousKeys: {},
        handover: nothingHandedOver,
        verdict: null,
        tunnels: [],
        part: null,
        settledAttempts: 0,
        requestDigest: null,
        clientToken: null,
        resultFingerprint: null,
        lastError: null,
        startedAt: null,
        sentAt: null,
        partAppliedAt: null,
        finishedAt: null,
        laneChange: null,
        queue: expect.objectContaining({ hold: null, connectionAhead: null }),
        laneDueInMs: null,
        pauseReason: null,
        companion: null,
        freeze: null,
      });
    });

    it('makes the region of each target due', async () => {
      await world.accept(['south/a@1', 'north/b@2', 'south/c@3']);
      const claimed = await world.hand().claim();

      expect(claimed.map(({ laneKey }) => laneKey).sort()).toEqual([
        'region:north',
        'region:south',
      ]);
    });

    it('wakes a region that has gone idle, and leaves one alone that somebody works on', async () => {
      await world.release(['a@1']);
      const hand = world.hand();
      await hand.claim();
      await world.accept(['b@2']);
      const woken = await hand.claim();
      await world.accept(['c@3']);

      expect(woken.map(({ laneKey }) => laneKey)).toEqual(['region:cn-hangzhou']);
      expect(await hand.claim()).toEqual([]);
      expect(
        (await hand.next(woken[0] ?? { laneKey: '', epoch: 0, change: null })).change,
      ).toBeNull();
      expect(await hand.claim()).toHaveLength(1);
    });

    it('takes ten thousand changes', async () => {
      const targets = Array.from({ length: 10_000 }, (_, index) => `vco-${index}@${index % 100}`);
      const jobId = await world.accept(targets);
      const last = await world.jobs.listChanges({ jobId, states: null, limit: 9, after: 9_997 });

      expect(await world.job(jobId)).toMatchObject({ total: 10_000, counts: { queued: 10_000 } });
      expect(last.map(({ vpnConnectionId }) => vpnConnectionId)).toEqual(['vco-9998', 'vco-9999']);
    });

    it('stores nothing when any part cannot be stored', async () => {
      const job = aNewJob(['a@1', 'b@2'], { id: 'job_001' });
      const [first] = job.changes;
      const twice = { ...job, changes: [...job.changes, ...(first ? [first] : [])] };

      await expect(world.jobs.accept(twice)).rejects.toMatchObject({ code: 'internal' });
      expect(await world.jobs.get('job_001')).toBeNull();
      expect(await world.hand().claim()).toEqual([]);
    });
  });

  describe('an idempotency key', () => {
    it('finds the same job again', async () => {
      const first = await world.jobs.accept(keyed('job_001', 'k'));
      const again = await world.jobs.accept(keyed('job_002', 'k'));

      expect(first).toEqual({ kind: 'created', jobId: 'job_001' });
      expect(again).toEqual({ kind: 'repeated', jobId: 'job_001' });
      expect(await world.jobs.get('job_002')).toBeNull();
    });

    it('is not taken for another plan', async () => {
      await world.jobs.accept(keyed('job_001', 'k'));
      const idempotency = { key: 'k', planHash: 'hash-2' };
      const other = await world.jobs.accept(keyed('job_002', 'k', { idempotency }));

      expect(other).toEqual({ kind: 'key_reused' });
      expect(await world.jobs.get('job_002')).toBeNull();
    });

    it('belongs to its actor', async () => {
      await world.jobs.accept(keyed('job_001', 'k'));
      const other = await world.jobs.accept(keyed('job_002', 'k', { createdBy: 'somebody else' }));

      expect(other).toEqual({ kind: 'created', jobId: 'job_002' });
    });

    it('is kept for seven days', async () => {
      await world.jobs.accept(keyed('job_001', 'k'));
      await world.pass(7 * day);
      const atTheEnd = await world.jobs.accept(keyed('job_002', 'k'));
      await world.pass(1);
      const idempotency = { key: 'k', planHash: 'hash-2' };
      const after = await world.jobs.accept(keyed('job_003', 'k', { idempotency }));
      const again = await world.jobs.accept(keyed('job_004', 'k', { idempotency }));

      expect(atTheEnd).toEqual({ kind: 'repeated', jobId: 'job_001' });
      expect(after).toEqual({ kind: 'created', jobId: 'job_003' });
      expect(again).toEqual({ kind: 'repeated', jobId: 'job_003' });
    });

    it('makes one job of twenty requests at once', async () => {
      const other = await world.another();
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? world : other).jobs.accept(keyed(`job_${100 + index}`, 'k')),
        ),
      );
      const jobs = await world.jobs.list({ states: null, limit: 99, before: null });

      expect(jobs).toHaveLength(1);
      expect(outcomes.filter(({ kind }) => kind === 'created')).toHaveLength(1);
      expect(new Set(outcomes.map((o) => ('jobId' in o ? o.jobId : null)))).toEqual(
        new Set([jobs[0]?.id]),
      );
    });

    it('is free again when the acceptance failed', async () => {
      const broken = keyed('job_001', 'k', {
        failurePolicy: { onFailure: 'stop', maxErrors: 1e12 },
      });
      await expect(world.jobs.accept(broken)).rejects.toMatchObject({ code: 'internal' });

      expect(await world.jobs.accept(keyed('job_002', 'k'))).toEqual({
        kind: 'created',
        jobId: 'job_002',
      });
    });
  });

  describe('reading', () => {
    it('pages through jobs, newest first, each once', async () => {
      const ids: string[] = [];
      for (let count = 0; count < 5; count += 1) ids.push(await world.accept(['a@1']));
      const seen: string[] = [];
      let before: number | null = null;
      for (;;) {
        const page = await world.jobs.list({ states: null, limit: 2, before });
        if (page.length === 0) break;
        seen.push(...page.map(({ id }) => id));
        before = page.at(-1)?.position ?? null;
      }

      expect(seen).toEqual(ids.reverse());
    });

    it('filters jobs by state', async () => {
      const done = await world.release(['a@1']);
      const hand = world.hand();
      await hand.end(await hand.next(await hand.take('1')));
      const running = await world.release(['a@1']);
      const resolving = await world.accept(['a@1']);
      const list = async (...states: ('succeeded' | 'running' | 'resolving' | 'failed')[]) =>
        (await world.jobs.list({ states, limit: 9, before: null })).map(({ id }) => id);

      expect(await list('succeeded')).toEqual([done]);
      expect(await list('resolving', 'running')).toEqual([resolving, running]);
      expect(await list('failed')).toEqual([]);
      expect(await list()).toEqual([]);
    });

    it('pages through changes in plan order, by state', async () => {
      const jobId = await world.release(['a@1', 'b@1', 'c@1', 'd@1']);
      const hand = world.hand();
      const held = await hand.end(await hand.next(await hand.take('1')));
      await hand.end(held);
      const list = async (states: 'succeeded'[] | null, after: number | null) =>
        (await world.jobs.listChanges({ jobId, states, limit: 2, after })).map(({ seq }) => seq);

      expect([await list(null, null), await list(null, 1), await list(null, 3)]).toEqual([
        [0, 1],
        [2, 3],
        [],
      ]);
      expect([await list(['succeeded'], null), await list(['succeeded'], 0)]).toEqual([
        [0, 1],
        [1],
      ]);
      expect(await list([], null)).toEqual([]);
    });

    it('finds a change in its own job only', async () => {
      const one = await world.accept(['a@1']);
      const two = await world.accept(['a@1']);

      expect(await world.jobs.getChange(one, changeIdOf(one, 0))).toMatchObject({ jobId: one });
      expect(await world.jobs.getChange(two, changeIdOf(one, 0))).toBeNull();
      expect(await world.jobs.getChange(one, 'chg_none')).toBeNull();
      expect(await world.jobs.get('job_none')).toBeNull();
      expect(await world.jobs.listEvents('chg_none')).toEqual([]);
    });

    it('shows what is in flight before a waiting change, and when its lane is looked at again', async () => {
      const jobId = await world.release(['a@1', 'b@1', 'c@2']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      const view = async (seq: number) => {
        const change = await world.jobs.getChange(jobId, changeIdOf(jobId, seq));
        return [change?.laneChange, change?.laneDueInMs];
      };
      const first = { id: changeIdOf(jobId, 0), jobId };

      const leased = [await view(0), await view(1)];
      await hand.record(stepOf(held, 'settling', { kind: 'release', dueInMs: 3_000 }));
      const waiting = [await view(0), await view(1), await view(2)];
      await world.pass(3_000);
      const due = await view(1);
      await hand.end(await hand.take('1'));
      const ended = await view(0);

      expect(leased).toEqual([
        [null, null],
        [first, null],
      ]);
      expect(waiting).toEqual([
        [null, 3_000],
        [first, 3_000],
        [null, null],
      ]);
      expect(due).toEqual([first, null]);
      expect(ended).toEqual([null, null]);
    });

    it('gives the events of a change in their order, with their times', async () => {
      const jobId = await world.release(['a@1']);
      const begun = now();
      const lane = { lane: 'gateway:cn-hangzhou/1' };
      const leadsTo = { customerAddresses: [], network: null, remoteSubnets: [] };
      const connection = { regionId: 'cn-hangzhou', vpnConnectionId: 'a', leadsTo };
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      await world.pass(1_500);
      const events = [
        { kind: 'accepted', data: { requestId: 'r' } },
        { kind: 'finished', data: { state: 'succeeded' } },
      ] as const;
      await hand.record({ ...stepOf(held, 'succeeded', next, { step: null }), events });

      expect(await world.jobs.listEvents(changeIdOf(jobId, 0))).toEqual([
        { number: 1, at: begun, kind: 'resolved', data: { ...lane, ...connection } },
        { number: 2, at: begun, kind: 'started', data: lane },
        { number: 3, at: now(), ...events[0] },
        { number: 4, at: now(), ...events[1] },
      ]);
    });

    it('shows why a target was refused', async () => {
      const failurePolicy = { onFailure: 'continue', maxErrors: 0 } as const;
      const jobId = await world.accept(['a@1', 'b@2'], { failurePolicy });
      const first = changeIdOf(jobId, 0);
      await world.resolve({ answer: (id) => (id === first ? refused({ id }) : undefined) });

      expect(await world.jobs.getChange(jobId, first)).toMatchObject({
        state: 'failed',
        lastError: notFound,
      });
      expect(await world.jobs.listEvents(first)).toMatchObject([
        { number: 1, kind: 'finished', data: { state: 'failed', error: notFound } },
      ]);
    });

    it('answers a ping', async () => {
      await expect(world.jobs.ping()).resolves.toBeUndefined();
    });
  });
}
