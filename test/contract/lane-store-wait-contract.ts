import { describe, expect, it } from 'vitest';
import { type Hand, type Held, stepOf, type World } from './lane-store-world.ts';

const later = { kind: 'wait', dueInMs: 5_000 } as const;

/** Puts the lane's change aside, half done, and takes what comes next there. */
async function putAside(hand: Hand, held: Held): Promise<Held> {
  const [outcome] = await hand.record(
    stepOf(held, 'verifying', later, { step: 'read', attempts: 1, settledAttempts: 1 }),
  );
  const change = outcome?.kind === 'next' ? outcome.assignment.change : null;
  return { ...held, change };
}

/** What a change that waits half done leaves to others, and how it goes on. */
export function defineWaitContract(world: World): void {
  async function start(lane = '1'): Promise<{ hand: Hand; held: Held }> {
    const hand = world.hand();
    return { hand, held: await hand.next(await hand.take(lane)) };
  }

  describe('a change that waits half done', () => {
    it('leaves its lane and slot to others, and goes on before them after its time', async () => {
      const jobId = await world.release(['a@1', 'b@1', 'c@1'], { maxInFlight: 1 });
      const { hand, held } = await start();
      const second = await putAside(hand, held);
      const during = await world.states(jobId);
      await world.pass(5_000);
      const again = await hand.end(second);

      expect(during).toEqual(['a:verifying', 'b:applying', 'c:queued']);
      expect(again.change).toMatchObject({ id: held.change?.id, state: 'applying', step: 'read' });
      expect(await world.states(jobId)).toEqual(['a:applying', 'b:succeeded', 'c:queued']);
    });

    it('makes its idle lane due when its time has come, and not before', async () => {
      await world.release(['a@1']);
      const { hand, held } = await start();
      const nothing = await putAside(hand, held);
      await world.pass(4_999);
      const early = await hand.claim();
      await world.pass(1);
      const again = await hand.next(await hand.take('1'));

      expect(nothing.change).toBeNull();
      expect(early).toEqual([]);
      expect(again.change?.id).toBe(held.change?.id);
    });

    it('is not passed by another change of its connection', async () => {
      const jobId = await world.release(['a@1', 'a@1', 'b@1']);
      const { hand, held } = await start();
      const following = await putAside(hand, held);

      expect(following.change?.vpnConnectionId).toBe('b');
      expect(await world.states(jobId)).toEqual(['a:verifying', 'a:queued', 'b:applying']);
    });

    it('is not passed by an older one that was released meanwhile, though a third is cancelled', async () => {
      const older = await world.accept(['a@1', 'other/z@9']);
      const younger = await world.accept(['a@1']);
      const stopped = await world.accept(['b@2', 'a@1']);
      await world.resolve({ region: 'cn-hangzhou' });
      const { hand, held } = await start();
      await putAside(hand, held);
      await world.resolve({ region: 'other' });

      await hand.end(await hand.next(await hand.take('2')), 'failed');

      expect(await world.states(stopped)).toEqual(['b:failed', 'a:cancelled']);
      expect((await hand.next({ ...held, change: null })).change).toBeNull();
      expect(await world.states(older)).toEqual(['a:queued', 'z:queued']);
      expect(await world.states(younger)).toEqual(['a:verifying']);
    });

    it('waits for a slot of its job, and looks for one every second', async () => {
      const jobId = await world.release(['a@1', 'b@2'], { maxInFlight: 1 });
      const { hand, held } = await start();
      await putAside(hand, held);
      const other = await hand.next(await hand.take('2'));
      await world.pass(5_000);
      const without = await hand.next(await hand.take('1'));
      const meanwhile = await world.states(jobId);
      await hand.end(other);
      await world.pass(1_000);
      const again = await hand.next(await hand.take('1'));

      expect(without.change).toBeNull();
      expect(meanwhile).toEqual(['a:verifying', 'b:applying']);
      expect(again.change?.id).toBe(held.change?.id);
    });

    it('is finished by a job that stops', async () => {
      const jobId = await world.release(['a@1', 'b@2', 'c@2']);
      const { hand, held } = await start();
      await putAside(hand, held);
      await hand.end(await hand.next(await hand.take('2')), 'failed');
      const stopped = await world.states(jobId);
      const open = await world.job(jobId);
      await world.pass(5_000);
      await hand.end(await hand.next(await hand.take('1')));

      expect(stopped).toEqual(['a:verifying', 'b:failed', 'c:cancelled']);
      expect(open).toMatchObject({ state: 'running' });
      expect(await world.job(jobId)).toMatchObject({
        state: 'failed',
        counts: { succeeded: 1, failed: 1, cancelled: 1, verifying: 0, applying: 0 },
      });
    });

    it('remembers when its part was applied, and that nothing of the next is sent', async () => {
      const jobId = await world.release(['a@1']);
      const { hand, held } = await start();
      const id = held.change?.id ?? '';
      await hand.record(stepOf(held, 'applying', { kind: 'keep' }, { step: 'send' }));
      const sent = await world.jobs.getChange(jobId, id);
      await putAside(hand, held);
      const first = await world.jobs.getChange(jobId, id);
      await world.pass(5_000);
      await putAside(hand, await hand.next(await hand.take('1')));
      const second = await world.jobs.getChange(jobId, id);

      expect(sent).toMatchObject({ sentAt: expect.any(String), partAppliedAt: null });
      expect(first).toMatchObject({ sentAt: null, partAppliedAt: expect.any(String) });
      expect(second?.partAppliedAt).toBe(first?.partAppliedAt);
    });

    it('is found again by the repair when its lane lost its due time', async () => {
      await world.release(['a@1']);
      const { hand, held } = await start();
      await putAside(hand, held);
      await world.inside.loseDueTime('gateway:cn-hangzhou/1');
      const { roused } = await world.lanes.repair();
      await world.pass(5_000);
      const again = await hand.next(await hand.take('1'));

      expect(roused).toBe(1);
      expect(again.change?.id).toBe(held.change?.id);
    });

    it('is put aside by nobody whose lease was lost', async () => {
      const jobId = await world.release(['a@1']);
      const { hand, held } = await start();
      const [outcome] = await hand.record({ ...stepOf(held, 'verifying', later), epoch: 0 });

      expect(outcome).toEqual({ kind: 'lost' });
      expect(await world.states(jobId)).toEqual(['a:applying']);
    });
  });
}
