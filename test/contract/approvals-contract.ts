import { describe, expect, it } from 'vitest';
import type { NewJob } from '../../shared/job/record.ts';
import { found, someSettings } from '../helpers/factories-store.ts';
import type { World } from './lane-store-world.ts';

/** The digest that the world's resolving gives to every job. */
const digest = 'digest';

/** Who lets a job go on, and in which form of it. */
export function defineApprovalContract(world: World): void {
  const waitingFor = (approvalsRequired: number, more: Partial<NewJob> = {}): Partial<NewJob> => ({
    settings: { ...someSettings, approvalsRequired },
    ...more,
  });
  const by = (actor: string, of = digest) => ({ actor, digest: of, reason: 'looks good' });
  const eventsOf = async (jobId: string): Promise<unknown[]> => {
    const placed = await world.journal.readEvents({ jobId, after: null, limit: 100 });
    return placed.flatMap(({ place, event }) =>
      place.seq < 0 ? [[event.kind, event.data.actor ?? null]] : [],
    );
  };
  const startable = async (): Promise<(string | undefined)[]> => {
    const hand = world.hand();
    const begun: (string | undefined)[] = [];
    for (const held of await hand.claim()) begun.push((await hand.next(held)).change?.jobId);
    return begun.filter((jobId) => jobId !== undefined);
  };

  it('knows no job that is not there', async () => {
    expect(await world.approvals.get('job_none')).toBeNull();
    expect(await world.approvals.foundBy('job_none')).toBeNull();
    expect(await world.approvals.approve('job_none', by('ann'))).toEqual({ kind: 'not_found' });
    expect(await world.approvals.reject('job_none', by('ann'))).toEqual({ kind: 'not_found' });
  });

  it('hold a job, without place or lane, until as many have agreed as it takes', async () => {
    const jobId = await world.release(['a@1'], waitingFor(2));
    const other = await world.release(['a@1']);
    const before = await world.job(jobId);
    const others = await startable();
    const first = await world.approvals.approve(jobId, by('ann'));
    const second = await world.approvals.approve(jobId, by('ben'));

    expect(before).toMatchObject({
      state: 'awaiting_approval',
      startedAt: null,
      hold: { kind: 'approval', required: 2, given: [] },
    });
    expect(others).toEqual([other]);
    expect(first).toMatchObject({
      kind: 'done',
      job: { state: 'awaiting_approval', hold: { given: ['ann'] } },
    });
    expect(second).toMatchObject({ kind: 'done', job: { state: 'running', hold: null } });
    expect(await eventsOf(jobId)).toEqual([
      ['approved', 'ann'],
      ['approved', 'ben'],
    ]);
  });

  it('let a job take its lanes when the last one is given', async () => {
    const jobId = await world.release(['a@1'], waitingFor(1));
    await world.approvals.approve(jobId, by('ann'));

    expect(await startable()).toEqual([jobId]);
  });

  it('count once for each approver, and say the same twice', async () => {
    const jobId = await world.release(['a@1'], waitingFor(2));
    const words = [
      await world.approvals.approve(jobId, by('ann')),
      await world.approvals.approve(jobId, by('ann')),
    ];

    expect(words).toMatchObject([{ kind: 'done' }, { kind: 'done' }]);
    expect(await world.job(jobId)).toMatchObject({ state: 'awaiting_approval' });
    expect(await eventsOf(jobId)).toEqual([['approved', 'ann']]);
  });

  it.each(['approve', 'reject'] as const)(
    'take nobody’s word on his own job (%s)',
    async (verb) => {
      const jobId = await world.release(['a@1'], waitingFor(1));

      expect(await world.approvals[verb](jobId, by('ops'))).toEqual({ kind: 'own_job' });
      expect(await eventsOf(jobId)).toEqual([]);
    },
  );

  it.each(['approve', 'reject'] as const)('are for one digest alone (%s)', async (verb) => {
    const jobId = await world.release(['a@1'], waitingFor(1));

    expect(await world.approvals[verb](jobId, by('ann', 'another'))).toMatchObject({
      kind: 'conflict',
      planDigest: digest,
    });
    expect(await world.job(jobId)).toMatchObject({ state: 'awaiting_approval' });
  });

  it.each(['approve', 'reject'] as const)(
    'come too late for a job that runs (%s)',
    async (verb) => {
      const jobId = await world.release(['a@1']);

      expect(await world.approvals[verb](jobId, by('ann'))).toMatchObject({
        kind: 'conflict',
        reason: expect.stringContaining('running'),
      });
    },
  );

  it('come too early while the job is being resolved', async () => {
    const jobId = await world.accept(['a@1'], waitingFor(1));

    expect(await world.approvals.approve(jobId, by('ann'))).toMatchObject({
      kind: 'conflict',
      planDigest: null,
    });
  });

  it('end a job that is refused, once', async () => {
    const jobId = await world.release(['a@1', 'b@2'], waitingFor(2));
    await world.approvals.approve(jobId, by('ann'));
    const words = [
      await world.approvals.reject(jobId, by('ben')),
      await world.approvals.reject(jobId, by('ben')),
      await world.approvals.reject(jobId, by('eve')),
    ];

    expect(words).toMatchObject([
      { kind: 'done', job: { state: 'cancelled', reason: 'rejected by ben: looks good' } },
      { kind: 'done', job: { state: 'cancelled' } },
      { kind: 'conflict' },
    ]);
    expect(await world.states(jobId)).toEqual(['a:cancelled', 'b:cancelled']);
    expect(await eventsOf(jobId)).toEqual([
      ['approved', 'ann'],
      ['rejected', 'ben'],
    ]);
    expect(await startable()).toEqual([]);
  });

  it('lead on to the window', async () => {
    const notBefore = new Date(world.clock.now() + 3_600_000).toISOString();
    const settings = {
      ...someSettings,
      approvalsRequired: 1,
      window: { notBefore, notAfter: null },
    };
    const jobId = await world.release(['a@1'], { settings });
    const word = await world.approvals.approve(jobId, by('ann'));

    expect(word).toMatchObject({
      job: { state: 'waiting_for_window', hold: { kind: 'window', until: notBefore } },
    });
    expect(await startable()).toEqual([]);
  });

  it('leave a job paused that was paused before', async () => {
    const jobId = await world.release(['a@1'], waitingFor(1));
    await world.verbs.order(jobId, 'pause', { actor: 'ops', reason: 'not today' });
    await world.approvals.approve(jobId, by('ann'));

    expect(await world.job(jobId)).toMatchObject({ state: 'paused' });
  });

  it('are not asked for where nothing is left to start', async () => {
    const jobId = await world.accept(['a@1'], waitingFor(1, goOn));
    await world.resolve({
      answer: (id) => ({
        kind: 'refused',
        id,
        error: { code: 'NotFound', class: 'not_found', message: 'gone', requestId: null },
      }),
    });

    expect(await world.job(jobId)).toMatchObject({ state: 'failed' });
  });

  describe('when the base has moved', () => {
    const moved = { actor: 'ann', digest, found: 'another' };

    it('are void, and the job is resolved anew', async () => {
      const jobId = await world.release(['a@1', 'b@2'], waitingFor(2));
      await world.approvals.approve(jobId, by('ben'));
      await world.approvals.reopen(jobId, moved);
      const during = await world.job(jobId);
      await world.pass(60_000);
      await world.resolve({
        answer: (id) => found({ id }, 'gateway:cn-hangzhou/9'),
      });
      const changes = await world.jobs.listChanges({ jobId, states: null, limit: 9, after: null });

      expect(during).toMatchObject({ state: 'resolving', planDigest: null });
      expect(await world.job(jobId)).toMatchObject({
        state: 'awaiting_approval',
        planDigest: digest,
        hold: { given: [] },
      });
      expect(changes.map(({ laneKey }) => laneKey)).toEqual(Array(2).fill('gateway:cn-hangzhou/9'));
      expect(await eventsOf(jobId)).toEqual([
        ['approved', 'ben'],
        ['base_moved', 'ann'],
      ]);
    });

    it('stay as they are when somebody found that before', async () => {
      const jobId = await world.release(['a@1'], waitingFor(1));
      await world.approvals.reopen(jobId, { ...moved, digest: 'an older one' });

      expect(await world.job(jobId)).toMatchObject({ state: 'awaiting_approval' });
    });
  });

  it('are compared with what the job found', async () => {
    const jobId = await world.release(['a@1', 'b@2'], waitingFor(1));
    const plan = await world.approvals.foundBy(jobId);

    expect(plan).toMatchObject({
      keys: [{}],
      targets: [
        {
          regionId: 'cn-hangzhou',
          vpnConnectionId: 'a',
          intentNumber: 0,
          attachType: 'VPNGW',
          fields: { 'IkeConfig.IkeEncAlg': 'aes' },
          isWaiting: true,
        },
        { vpnConnectionId: 'b' },
      ],
    });
  });

  it('remember since when somebody asks, for a quarter of an hour and one digest', async () => {
    const jobId = await world.release(['a@1'], waitingFor(1));
    const asked: number[] = [await world.approvals.ask(jobId, by('ann'))];
    for (const ms of [60_000, 800_000, 60_000]) {
      await world.pass(ms);
      asked.push(await world.approvals.ask(jobId, by('ann')));
    }
    await world.pass(10_000);
    const other = await world.approvals.ask(jobId, by('ann', 'another'));

    expect(asked.map(Math.round)).toEqual([0, 60_000, 860_000, 0]);
    expect(Math.round(other)).toBe(0);
    expect(await world.job(jobId)).toMatchObject({ hold: { given: [] } });
  });
}

const goOn = { failurePolicy: { onFailure: 'continue', maxErrors: 0 } } as const;
