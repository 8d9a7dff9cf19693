import { expect, it } from 'vitest';
import type { ChangeDelivery } from '../../shared/change/handover.ts';
import { changeIdOf } from '../helpers/factories-store.ts';
import { type Held, stepOf, type World } from './lane-store-world.ts';

const order = { actor: 'ops', reason: 'not tonight' };

function aDelivery(stage: ChangeDelivery['stage'], deliveredTo: readonly string[]): ChangeDelivery {
  return {
    part: 'connection',
    direction: 'forth',
    stage,
    deliveredTo,
    isAcknowledged: false,
    isApplied: false,
    since: '2026-11-22T10:00:00.000Z',
    acknowledgeUntil: null,
    failures: 0,
  };
}

function withDelivery({ change }: Held, delivery: ChangeDelivery) {
  if (!change) throw new Error('a change to deliver for');
  return { handover: { ...change.handover, deliveries: [delivery] } };
}

/** Where a job's only change is delivered for: on its errand, or back in the queue afterwards. */
export async function deliverFor(
  world: World,
  stage: 'open' | 'done',
): Promise<{ jobId: string; errand: Held }> {
  const jobId = await world.release(['a@1']);
  const hand = world.hand();
  const held = await hand.next(await hand.take('1'));
  const leaving = withDelivery(held, aDelivery('open', []));
  const left = stepOf(held, 'delivering', { kind: 'next' }, { step: 'deliver', ...leaving });
  await hand.record({ ...left, errand: { dueInMs: 0 } });
  const errand = (await hand.claim()).find(({ laneKey }) => laneKey.startsWith('change:'));
  if (!errand) throw new Error('the errand of the change');
  if (stage === 'open') return { jobId, errand };
  const requeue = { kind: 'requeue', dueInMs: 3_600_000 } as const;
  const back = { step: null, ...withDelivery(errand, aDelivery('done', ['kms'])) };
  await hand.record(stepOf(errand, 'queued', requeue, back));
  return { jobId, errand };
}

/** What is to be done for a change that was cancelled, off its lane. */
export function defineErrandContract(world: World): void {
  it.each(['open', 'done'] as const)(
    'are there for a change that is cancelled after its delivery was $0',
    async (stage) => {
      const { jobId, errand } = await deliverFor(world, stage);
      await world.verbs.order(jobId, 'cancel', order);
      const claimed = await world.hand().claim();
      const [late] = await world
        .hand()
        .record(stepOf(errand, 'delivering', { kind: 'release', dueInMs: 0 }));

      expect(await world.states(jobId)).toEqual(['a:cancelled']);
      const left = claimed.find(({ laneKey }) => laneKey === `change:${changeIdOf(jobId, 0)}`);
      expect(left?.change).toMatchObject({ state: 'cancelled' });
      expect(left?.epoch).toBeGreaterThan(errand.epoch);
      expect(late).toEqual({ kind: 'lost' });
    },
  );

  it('are not there for a change that was never delivered for', async () => {
    const jobId = await world.release(['a@1']);
    await world.verbs.order(jobId, 'cancel', order);
    const claimed = await world.hand().claim();

    expect(claimed.filter(({ laneKey }) => laneKey.startsWith('change:'))).toEqual([]);
  });
}
