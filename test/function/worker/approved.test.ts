import { describe, expect, it } from 'vitest';
import { createPgApprovalStore } from '../../../shared/adapters/postgres/approval-store.ts';
import {
  type ApproveOutcome,
  approveJob,
  type ConsentDeps,
} from '../../../shared/approval/consent.ts';
import { AppError } from '../../../shared/platform/errors.ts';
import { previewPlan } from '../../../shared/preview/preview-plan.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, effectiveWrites, planOf, region } from './fleet.ts';
import { useWorlds } from './worlds.ts';

const hour = 3_600_000;
const settleMs = { min: 10_000, max: 10_000 };
const many = Array.from({ length: 45 }, (_, index) => `n${index}`);

describe('a job that people approve', () => {
  const database = withPostgres();
  const open = useWorlds(database);

  const depsOf = (world: VirtualWorld): ConsentDeps => ({
    ...world.previewer(),
    approvals: world.clock.tracking(createPgApprovalStore(database)),
    jobs: world.jobs,
  });
  /** Ann's word, or the problem that it meets. */
  const approve = async (
    world: VirtualWorld,
    jobId: string,
    digest: string,
    actor = 'ann',
  ): Promise<ApproveOutcome | AppError> => {
    const consent = { actor, digest, reason: 'looks good' };
    const outcome = approveJob(depsOf(world), jobId, consent);
    return outcome.catch((error: unknown) => {
      if (error instanceof AppError) return error;
      throw error;
    });
  };
  const resolved = async (world: VirtualWorld, names: readonly string[], approvals: number) => {
    const plan = planOf(names, { approval: { required: approvals } });
    const { id } = await world.submit(plan);
    await world.drain();
    const job = await world.jobs.get(id);
    return { id, plan, digest: job?.planDigest ?? '', job };
  };

  it('waits, is approved under the digest of its preview, and runs', async () => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': {}, b: {} }), settleMs } });
    const { id, plan, digest, job } = await resolved(world, ['a', 'b'], 2);
    const preview = await previewPlan(world.previewer(), plan);
    await world.clock.sleep(3 * hour);
    const first = await approve(world, id, digest);
    const between = await world.jobs.get(id);
    const second = await approve(world, id, digest, 'ben');
    await world.drain();

    expect(job).toMatchObject({ state: 'awaiting_approval', startedAt: null });
    expect(preview).toMatchObject({ kind: 'ready', preview: { digest } });
    expect([first, second]).toMatchObject([{ kind: 'done' }, { kind: 'done' }]);
    expect(between).toMatchObject({ state: 'awaiting_approval', hold: { given: ['ann'] } });
    expect(await world.jobs.get(id)).toMatchObject({ state: 'succeeded' });
    expect(effectiveWrites(world).sort()).toEqual(['a', 'b']);
  });

  it.each([
    ['each connection alone', ['a', 'b']],
    ['from lists', ['a', 'b', ...many]],
  ])('is resolved anew when its base has moved, read %s', async (_, names) => {
    const fleet = Object.fromEntries(names.map((name) => [name, {}]));
    const world = await open({ simulator: { inventory: aFleet(fleet), settleMs } });
    const { id, digest } = await resolved(world, names, 2);
    await approve(world, id, digest, 'ben');
    await world.clock.sleep(hour);
    world.simulator.state.tamper(
      region,
      'vco-b',
      { remoteSubnet: '10.99.0.0/16' },
      { settleMs: 0 },
    );
    await world.clock.sleep(1_000);
    const refused = await approve(world, id, digest);
    const during = await world.jobs.get(id);
    const early = await approve(world, id, digest);
    await world.drain();
    const job = await world.jobs.get(id);
    const anew = job?.planDigest ?? '';
    const words = [await approve(world, id, anew), await approve(world, id, anew, 'ben')];
    await world.drain();

    expect(refused).toMatchObject({ code: 'conflict', members: { planDigest: anew } });
    expect(anew).not.toBe(digest);
    expect(during).toMatchObject({ state: 'resolving', planDigest: null });
    expect(early).toMatchObject({ code: 'conflict' });
    expect(job).toMatchObject({ state: 'awaiting_approval', hold: { given: [] } });
    expect(words).toMatchObject([{ kind: 'done' }, { kind: 'done' }]);
    expect(await world.jobs.get(id)).toMatchObject({ state: 'succeeded' });
  });

  it('fails what moved between its approval and its first write', async () => {
    const world = await open({ simulator: { inventory: aFleet({ a: {}, b: {} }), settleMs } });
    const { id, digest } = await resolved(world, ['a', 'b'], 1);
    await approve(world, id, digest);
    world.simulator.state.tamper(
      region,
      'vco-a',
      { remoteSubnet: '10.99.0.0/16' },
      { settleMs: 0 },
    );
    await world.clock.sleep(1_000);
    await world.drain();
    const changes = await world.jobs.listChanges({
      jobId: id,
      states: null,
      limit: 9,
      after: null,
    });

    expect(changes[0]).toMatchObject({ state: 'failed', lastError: { class: 'base_moved' } });
  });

  it('is cancelled when nobody approves it in a week', async () => {
    const world = await open({ simulator: { inventory: aFleet({ a: {} }), settleMs } });
    const { id } = await resolved(world, ['a'], 1);
    await world.drain(world.worker(), 8 * 24 * hour);

    expect(await world.jobs.get(id)).toMatchObject({
      state: 'cancelled',
      reason: 'not approved within 7 days',
    });
    expect(effectiveWrites(world)).toEqual([]);
  });
});
