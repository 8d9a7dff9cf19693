import { describe, expect, it } from 'vitest';
import type { ResolvedPlan } from '../../shared/plan/plan-digest.ts';
import { countsOf } from '../helpers/factories.ts';
import { aNewJob, anIntent, changeIdOf, found, refused } from '../helpers/factories-store.ts';
import { type Held, leaseSeconds, next, stepOf, type World } from './lane-store-world.ts';

const north = { kind: 'found', lane: 'gateway:north/1' } as const;

/** Resolving: from acceptance to release, under the lease of a region's lane. */
export function defineResolveContract(world: World): void {
  /** Claims the lane of a region. */
  const region = (name: string, hand = 'resolver'): Promise<Held> =>
    world.hand(hand).take(`region:${name}`);
  const finish = (lease: Held, jobId: string, regionId: string): Promise<boolean> =>
    world.resolving.finishRegion(lease, { jobId, regionId }, () => 'digest');

  describe('the work of a region', () => {
    it('comes in the order of acceptance, with what each target wants', async () => {
      const one = await world.accept(['north/b@1', 'south/x@1', 'north/a@1']);
      const two = await world.accept(['north/c@1']);
      const lease = await region('north');
      const first = await world.resolving.nextInRegion('north');
      await finish(lease, one, 'north');
      const second = await world.resolving.nextInRegion('north');
      const last = { id: changeIdOf(two, 0) };
      await world.resolving.saveResolutions(lease, two, [found(last, north.lane)]);
      await finish(lease, two, 'north');

      expect(first).toMatchObject({
        jobId: one,
        triedForMs: 0,
        intents: aNewJob([], { id: 'job' }).intents,
        changes: [
          { id: changeIdOf(one, 0), seq: 0, vpnConnectionId: 'b', intentNumber: 0, isFirst: true },
          { id: changeIdOf(one, 2), seq: 2, vpnConnectionId: 'a', intentNumber: 0, isFirst: true },
        ],
      });
      expect(second?.jobId).toBe(two);
      expect(await world.resolving.nextInRegion('north')).toBeNull();
      expect(await world.resolving.nextInRegion('nowhere')).toBeNull();
    });

    it('says of each target whether it is the first on its connection, known ones counted', async () => {
      const jobId = await world.accept(['north/a@1', 'north/a@1', 'north/b@1']);
      const lease = await region('north');
      const before = await world.resolving.nextInRegion('north');
      const first = found({ id: changeIdOf(jobId, 0) }, north.lane);
      await world.resolving.saveResolutions(lease, jobId, [first]);
      const after = await world.resolving.nextInRegion('north');

      expect(before?.changes.map(({ isFirst }) => isFirst)).toEqual([true, false, true]);
      expect(after?.changes.map(({ isFirst }) => isFirst)).toEqual([false, true]);
    });

    it('says for how long it was tried', async () => {
      await world.accept(['north/a@1']);
      await world.pass(60_000);
      const first = await world.resolving.nextInRegion('north');
      await world.pass(90_500);
      const again = await world.resolving.nextInRegion('north');

      expect([first?.triedForMs, again?.triedForMs]).toEqual([0, 90_500]);
    });

    it('holds after a partial save what is still to be resolved', async () => {
      const jobId = await world.accept(['north/a@1', 'north/b@1', 'north/c@1']);
      const ids = [0, 1, 2].map((seq) => ({ id: changeIdOf(jobId, seq) }));
      const lease = await region('north');
      const [a = { id: '' }, b = { id: '' }, c = { id: '' }] = ids;
      await world.resolving.saveResolutions(lease, jobId, [found(a, north.lane), refused(b)]);
      await world.pass(leaseSeconds * 1000);
      const heir = await region('north', 'heir');
      const work = await world.resolving.nextInRegion('north');
      await world.resolving.saveResolutions(heir, jobId, [
        found(a, 'gateway:north/elsewhere'),
        refused(b),
        found(c, north.lane),
      ]);

      expect(work?.changes.map(({ id }) => id)).toEqual([c.id]);
      expect(await lanesOf(jobId)).toEqual([north.lane, null, north.lane]);
      expect((await world.jobs.listEvents(a.id)).length).toBe(1);
      expect((await world.job(jobId)).counts).toEqual(countsOf({ queued: 2, failed: 1 }));
    });

    it('is due again while there is more of it', async () => {
      await world.accept(['north/a@1']);
      const hand = world.hand();
      const lease = await region('north');
      await hand.record(stepOf(lease, 'queued', next));

      expect(await hand.claim()).toMatchObject([{ laneKey: 'region:north' }]);
    });
  });

  it('writes nothing once the lease is lost', async () => {
    const jobId = await world.accept(['north/a@1']);
    const id = changeIdOf(jobId, 0);
    const lost = await region('north');
    await world.pass(leaseSeconds * 1000);
    await region('north', 'heir');

    const saved = await world.resolving.saveResolutions(lost, jobId, [found({ id }, north.lane)]);
    const refusal = await world.resolving.saveResolutions(lost, jobId, [refused({ id })]);
    const finished = await finish(lost, jobId, 'north');

    expect([saved, refusal, finished]).toEqual([false, false, false]);
    expect(await world.job(jobId)).toMatchObject({ state: 'resolving', counts: { queued: 1 } });
    expect(await lanesOf(jobId)).toEqual([null]);
    expect(await world.jobs.listEvents(id)).toEqual([]);
    expect((await world.resolving.nextInRegion('north'))?.jobId).toBe(jobId);
  });

  describe('the last region', () => {
    it('releases the job, whichever it is', async () => {
      const jobId = await world.accept(['north/a@1', 'south/b@2']);
      await world.resolve({ region: 'south' });
      const half = await world.job(jobId);
      await world.pass(2_000);
      await world.resolve({ region: 'north' });

      expect(half).toMatchObject({ state: 'resolving', startedAt: null, planDigest: null });
      expect(await world.job(jobId)).toMatchObject({
        state: 'running',
        startedAt: new Date(world.clock.now()).toISOString(),
        planDigest: 'digest',
      });
      expect((await world.hand().claim()).map(({ laneKey }) => laneKey).sort()).toEqual([
        'gateway:north/1',
        'gateway:south/2',
      ]);
    });

    it('releases it once, also when two finish in the same instant', async () => {
      const other = await world.another();
      for (let round = 0; round < 5; round += 1) {
        const jobId = await world.accept(['north/a@1', 'south/b@2']);
        const [one, two] = [await region('north'), await region('south')];
        for (const [seq, lease] of [one, two].entries()) {
          const lane = seq === 0 ? north.lane : 'gateway:south/2';
          await world.resolving.saveResolutions(lease, jobId, [
            found({ id: changeIdOf(jobId, seq) }, lane),
          ]);
        }
        await Promise.all([
          finish(one, jobId, 'north'),
          other.resolving.finishRegion(two, { jobId, regionId: 'south' }, () => 'digest'),
        ]);
        await world.hand().record(stepOf(one, 'queued', next), stepOf(two, 'queued', next));

        expect(await world.job(jobId)).toMatchObject({ state: 'running', counts: { queued: 2 } });
        expect(await world.inside.waiting(jobId)).toEqual([1, 1]);
      }
    });

    it('changes nothing when it is finished twice', async () => {
      const jobId = await world.accept(['north/a@1']);
      const lease = await region('north');
      const id = changeIdOf(jobId, 0);
      await world.resolving.saveResolutions(lease, jobId, [found({ id }, north.lane)]);
      await finish(lease, jobId, 'north');
      await finish(lease, jobId, 'north');

      expect(await world.inside.waiting(jobId)).toEqual([1]);
      expect(await world.job(jobId)).toMatchObject({ state: 'running' });
    });

    it('gives the digest the plan, its keys and the targets in plan order, and stores it', async () => {
      const plan = { title: 'naïve', set: { Psk: '***' } };
      const intents = [
        anIntent({
          sealedKeys: { 'IkeConfig.Psk': 'sealed' },
          keyDigests: { 'IkeConfig.Psk': 'hmac:1' },
        }),
        anIntent({ number: 1, fields: { Name: 'b' } }),
      ];
      const failurePolicy = { onFailure: 'continue', maxErrors: 0 } as const;
      const jobId = await world.accept(['south/b@2', 'north/a@1', 'north/z@1'], {
        plan,
        intents,
        failurePolicy,
      });
      const missing = changeIdOf(jobId, 2);
      await world.resolve({
        region: 'south',
        answer: (id) => (id === missing ? refused({ id }) : undefined),
      });
      const lease = await region('north');
      await world.resolving.saveResolutions(lease, jobId, [
        refused({ id: missing }),
        found({ id: changeIdOf(jobId, 1) }, north.lane),
      ]);
      const digested: ResolvedPlan[] = [];
      await world.resolving.finishRegion(lease, { jobId, regionId: 'north' }, (resolved) => {
        digested.push(resolved);
        return 'the digest';
      });

      const fields = {
        'IkeConfig.IkeEncAlg': 'aes',
        EnableDpd: false,
        'IkeConfig.IkeLifetime': 86_400,
      };
      const target = { regionId: 'north', intentNumber: 0, attachType: 'VPNGW', fields };
      expect(digested).toMatchObject([
        {
          plan,
          keys: [{ 'IkeConfig.Psk': 'hmac:1' }, {}],
          targets: [
            { ...target, regionId: 'south', vpnConnectionId: 'b' },
            { ...target, vpnConnectionId: 'a' },
            { ...target, vpnConnectionId: 'z', attachType: null, fields: null },
          ],
        },
      ]);
      expect((await world.job(jobId)).planDigest).toBe('the digest');
    });
  });

  describe('a refused target', () => {
    const oneOf = (jobId: string) => ({
      answer: (id: string) => (id === changeIdOf(jobId, 1) ? refused({ id }) : undefined),
    });

    it('under stop ends the job failed and the rest cancelled', async () => {
      const jobId = await world.accept(['north/a@1', 'north/b@1', 'south/c@2']);
      await world.resolve(oneOf(jobId));

      expect(await world.job(jobId)).toMatchObject({
        state: 'failed',
        finishedAt: new Date(world.clock.now()).toISOString(),
        counts: countsOf({ failed: 1, cancelled: 2 }),
        reason: "1 of the plan's targets were refused; nothing was changed",
        planDigest: 'digest',
      });
      expect(await world.states(jobId)).toEqual(['a:cancelled', 'b:failed', 'c:cancelled']);
      expect(await world.hand().claim()).toEqual([]);
      expect(await world.lanes.repair()).toMatchObject({ roused: 0 });
    });

    it('under stop leaves the connections to others', async () => {
      const jobId = await world.accept(['north/a@1', 'north/b@1']);
      const second = await world.accept(['north/a@1']);
      await world.resolve(oneOf(jobId));
      const hand = world.hand();

      expect((await hand.next(await hand.take('1'))).change?.jobId).toBe(second);
    });

    it('under continue fails alone', async () => {
      const failurePolicy = { onFailure: 'continue', maxErrors: 0 } as const;
      const jobId = await world.accept(['north/a@1', 'north/b@1', 'north/c@1'], { failurePolicy });
      await world.resolve(oneOf(jobId));
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      await hand.end(await hand.end(held));

      expect(await world.states(jobId)).toEqual(['a:succeeded', 'b:failed', 'c:succeeded']);
      expect(await world.job(jobId)).toMatchObject({ state: 'failed', reason: null });
    });

    it('under continue ends the job when there is nothing else', async () => {
      const failurePolicy = { onFailure: 'continue', maxErrors: 0 } as const;
      const jobId = await world.accept(['north/a@1'], { failurePolicy });
      await world.resolve({ answer: (id) => refused({ id }) });

      expect(await world.job(jobId)).toMatchObject({
        state: 'failed',
        finishedAt: expect.any(String),
        counts: countsOf({ failed: 1 }),
      });
      expect(await world.hand().claim()).toEqual([]);
    });
  });

  describe('a second job on the same connections', () => {
    it('queues behind the first', async () => {
      const one = await world.release(['a@1', 'b@2']);
      const two = await world.release(['a@1', 'b@2']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      const after = await hand.end(held);

      expect([held.change?.jobId, after.change?.jobId]).toEqual([one, two]);
    });

    it('goes first when it was accepted first and nothing has started', async () => {
      const late = await world.accept(['a@1', 'other/z@9']);
      const early = await world.accept(['a@1']);
      await world.resolve({ region: 'cn-hangzhou' });
      await world.resolve({ region: 'other' });
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      const after = await hand.end(held);

      expect([held.change?.jobId, after.change?.jobId]).toEqual([late, early]);
    });

    it('waits although it was accepted first while the other is in flight', async () => {
      const late = await world.accept(['a@1', 'a@2', 'other/z@9']);
      const early = await world.accept(['a@1', 'a@1']);
      await world.resolve({ region: 'cn-hangzhou' });
      const hand = world.hand();
      const begun = await hand.next(await hand.take('1'));
      await hand.record(stepOf(begun, 'settling', { kind: 'release', dueInMs: 1_000 }));
      await world.resolve({ region: 'other' });
      const two = await hand.next(await hand.take('2'));
      await world.pass(1_000);
      const first = await hand.end(await hand.take('1'));
      const rest = await hand.end(first);
      const last = await hand.end(await hand.next(await hand.take('2')));

      expect(begun.change?.jobId).toBe(early);
      expect(two.change).toBeNull();
      expect(first.change).toMatchObject({ jobId: late, seq: 0 });
      expect([rest.change, last.change]).toEqual([null, null]);
      expect((await hand.next(await hand.take('1'))).change).toMatchObject({
        jobId: early,
        seq: 1,
      });
    });
  });

  async function lanesOf(jobId: string): Promise<(string | null)[]> {
    const changes = await world.jobs.listChanges({ jobId, states: null, limit: 99, after: null });
    return changes.map(({ laneKey }) => laneKey);
  }
}
