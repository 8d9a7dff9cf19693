import { describe, expect, it } from 'vitest';
import { createPgChangeVerbs } from '../../shared/adapters/postgres/change-verbs.ts';
import { createPgFreezeStore } from '../../shared/adapters/postgres/freeze-store.ts';
import type { ChangeVerb } from '../../shared/job/change-verbs.ts';
import { withPostgres } from '../helpers/databases.ts';
import { changeIdOf } from '../helpers/factories-store.ts';
import { type Held, leaseSeconds, openWorld, stepOf } from './lane-store-world.ts';
import { names, openLeadingWorld } from './redundancy-contract.ts';

const order = { actor: 'ops', reason: 'the site is on fire' };
const goOn = { failurePolicy: { onFailure: 'continue', maxErrors: 0 } } as const;

/** What happens to a change that keeps out of the way of another, and to that other, meanwhile. */
describe('a change that waits for one that backs it up', () => {
  const world = openWorld(withPostgres());
  const { release, startAll } = openLeadingWorld(world);
  const onChange = (jobId: string, seq: number, verb: ChangeVerb) =>
    createPgChangeVerbs(world.database).order(
      { jobId, changeId: changeIdOf(jobId, seq) },
      verb,
      order,
    );

  /** Releases `a` and `b`, which back each other up, of one job or of two, and begins `a`. */
  async function begin(isOneJob: boolean): Promise<{ jobs: [string, string]; begun: Held }> {
    const one = await release(isOneJob ? ['a@1>1.1.1.1', 'b@2>1.1.1.1'] : ['a@1>1.1.1.1'], goOn);
    const other = isOneJob ? one : await release(['b@2>1.1.1.1'], goOn);
    const hand = world.hand();
    const begun = await hand.next(await hand.take('1'));
    expect(names(await startAll(hand))).toEqual([]);
    return { jobs: [one, other], begun };
  }

  it.each([true, false])('starts after a pause that outlives it; one job: %s', async (isOneJob) => {
    const { jobs, begun } = await begin(isOneJob);
    await world.verbs.order(jobs[1], 'pause', order);
    await world.hand().end(begun);
    const paused = names(await startAll());
    await world.verbs.order(jobs[1], 'resume', order);

    expect(paused).toEqual([]);
    expect(names(await startAll())).toEqual(['b']);
  });

  it.each([true, false])('starts after a pause that it outlives; one job: %s', async (isOneJob) => {
    const { jobs, begun } = await begin(isOneJob);
    await world.verbs.order(jobs[1], 'pause', order);
    await world.verbs.order(jobs[1], 'resume', order);
    const held = names(await startAll());
    await world.hand().end(begun);

    expect(held).toEqual([]);
    expect(names(await startAll())).toEqual(['b']);
  });

  it.each([true, false])(
    'ends at once when its job is cancelled; one job: %s',
    async (isOneJob) => {
      const { jobs, begun } = await begin(isOneJob);
      await world.verbs.order(jobs[1], 'cancel', order);
      const during = await world.states(jobs[1]);
      await world.hand().end(begun);

      expect(during).toContain('b:cancelled');
      expect(names(await startAll())).toEqual([]);
      expect((await world.job(jobs[0])).finishedAt).not.toBeNull();
    },
  );

  it('ends at once when that one fails and stops their job', async () => {
    const jobId = await release(['a@1>1.1.1.1', 'b@2>1.1.1.1']);
    const hand = world.hand();
    await hand.end(await hand.next(await hand.take('1')), 'failed');

    expect(await world.states(jobId)).toEqual(['a:failed', 'b:cancelled']);
    expect(await world.job(jobId)).toMatchObject({ state: 'failed' });
  });

  it('is held by a freeze too, and starts when both are over', async () => {
    const { begun } = await begin(false);
    const until = new Date(world.clock.now() + 60_000).toISOString();
    const freeze = { name: 'week', scope: 'connection:cn-hangzhou/b', until, reason: 'no' };
    await createPgFreezeStore(world.database).put({ ...freeze, createdBy: 'ops' });
    await world.hand().end(begun);
    const frozen = names(await startAll());
    await world.pass(60_000);
    await world.lanes.repair();

    expect(frozen).toEqual([]);
    expect(names(await startAll())).toEqual(['b']);
  });

  it.each([true, false])('starts when that one is skipped; one job: %s', async (isOneJob) => {
    const { jobs } = await begin(isOneJob);

    expect(await onChange(jobs[0], 0, 'skip')).toMatchObject({ kind: 'done' });
    expect(names(await startAll())).toEqual(['b']);
  });

  it.each([true, false])('may be skipped; one job: %s', async (isOneJob) => {
    const { jobs, begun } = await begin(isOneJob);
    await onChange(jobs[1], isOneJob ? 1 : 0, 'skip');
    await world.hand().end(begun);

    expect(await world.states(jobs[1])).toContain('b:skipped');
    expect((await world.job(jobs[1])).finishedAt).not.toBeNull();
  });

  it('is waited for by that one once it is tried again', async () => {
    const jobId = await release(['a@1>1.1.1.1', 'b@2>1.1.1.1', 'z@3>-'], goOn);
    const hand = world.hand();
    await hand.end(await hand.next(await hand.take('1')), 'failed');
    const second = await startAll(hand);
    await onChange(jobId, 0, 'retry');
    const held = names(await startAll(hand));
    const b = second.get('b');
    if (b) await hand.end(b);

    expect(names(second)).toEqual(['b', 'z']);
    expect(held).toEqual([]);
    expect(names(await startAll(hand))).toEqual(['a']);
  });

  it('goes on waiting when the worker of that one dies', async () => {
    const { begun } = await begin(false);
    await world.pass(leaseSeconds * 1_000);
    await world.lanes.repair();
    const other = world.hand('other');
    const again = (await other.claim()).find(({ laneKey }) => laneKey === begun.laneKey);
    const held = names(await startAll(other));
    if (again) await other.record(stepOf(again, 'succeeded', { kind: 'next' }, { step: null }));

    expect(again?.change?.id).toBe(begun.change?.id);
    expect(held).toEqual([]);
    expect(names(await startAll(other))).toEqual(['b']);
  });
});
