import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChainedEvent, followChain } from '../../shared/journal/chain.ts';
import { jobLaneOf, type SealedJournal } from '../../shared/journal/journal-store.ts';
import { verificationOf } from '../../shared/journal/verification.ts';
import { isStorable } from '../../shared/platform/storable.ts';
import { countsOf } from '../helpers/factories.ts';
import { aSeal, aSigner } from '../helpers/factories-journal.ts';
import { changeIdOf, refused } from '../helpers/factories-store.ts';
import { type Held, leaseSeconds, stepOf, type World } from './lane-store-world.ts';

/** The journal as it is chained, read and sealed. */
export function defineJournalStoreContract(world: World): void {
  const { journal } = world;
  const allEvents = async (jobId: string): Promise<ChainedEvent[]> => {
    const placed = await journal.readEvents({ jobId, after: null, limit: 10_000 });
    return placed.map(({ event }) => event);
  };
  const eventsOf = async (jobId: string, seq: number): Promise<ChainedEvent[]> => {
    const all = await allEvents(jobId);
    return all.filter(({ changeId }) => changeId === changeIdOf(jobId, seq));
  };
  const begun = async (lane = '1'): Promise<Held> => {
    const hand = world.hand();
    return hand.next(await hand.take(lane));
  };
  /** A seal over all that a job's journal has now. */
  const aSealedJournal = async (
    jobId: string,
  ): Promise<{ sealed: SealedJournal; countedEvents: number }> => {
    const { signer } = await aSigner();
    const countedEvents = (await journal.getEnded(jobId))?.countedEvents ?? 0;
    return { sealed: { ...aSeal(signer, []), verification: verificationOf([]) }, countedEvents };
  };
  const claimJobLanes = async () => {
    const claimed = await world.lanes.claim({ worker: 'sealer', limit: 100, leaseSeconds });
    return claimed.lanes.filter(({ kind }) => kind === 'job');
  };

  describe('chains', () => {
    it('go through every way in which events are written', async () => {
      const failurePolicy = { onFailure: 'stop', maxErrors: 1 } as const;
      const jobId = await world.accept(['a@1', 'b@2', 'c@3', 'd@4'], { failurePolicy });
      await world.resolve({
        answer: (id) => (id === changeIdOf(jobId, 3) ? refused({ id }) : undefined),
      });
      await world.release(['a@1', 'b@2', 'c@3'], { failurePolicy });
      const hand = world.hand();
      const held = await begun();
      await hand.record({
        ...stepOf(held, 'settling', { kind: 'keep' }),
        events: [
          { kind: 'prepared', data: { clientToken: 't', requestDigest: 'd' } },
          { kind: 'accepted', data: { requestId: 'r', attempt: 1 } },
        ],
      });
      await hand.end(await begun('2'), 'failed');
      await hand.end(held, 'failed');

      const changes = await Promise.all(
        ['job_001', 'job_002'].flatMap((id) => [0, 1, 2].map((seq) => eventsOf(id, seq))),
      );
      for (const events of changes) {
        const chain = followChain(events[0]?.changeId ?? '', events);
        expect(chain).toMatchObject({ faults: [], unchained: 0, events: events.length });
      }
      const kinds = new Set((await allEvents('job_002')).map(({ kind }) => kind));
      expect(kinds).toEqual(new Set(['resolved', 'started', 'prepared', 'accepted', 'finished']));
    });

    it('hold whatever data events carry', async () => {
      const text = fc.string({ unit: 'binary' }).filter(isStorable);
      const scalar = fc.oneof(
        text,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
      );
      // The names of an event's data are ours; parsing leaves this one out.
      const name = text.filter((each) => each !== '__proto__');
      const data = fc.dictionary(
        name,
        fc.oneof(scalar, fc.array(scalar), fc.dictionary(text, scalar)),
      );
      const jobId = await world.release(['a@1']);
      const held = await begun();
      const hand = world.hand();
      await fc.assert(
        fc.asyncProperty(fc.array(data, { minLength: 1, maxLength: 3 }), async (some) => {
          const events = some.map((one) => ({ kind: 'waiting', data: one }) as const);
          await hand.record({ ...stepOf(held, 'applying', { kind: 'keep' }), events });
        }),
        { numRuns: 30 },
      );

      const events = await eventsOf(jobId, 0);
      expect(events.length).toBeGreaterThan(30);
      expect(followChain(changeIdOf(jobId, 0), events).faults).toEqual([]);
    });
  });

  describe('reading', () => {
    it('gives events in plan order and goes on from any place', async () => {
      const jobId = await world.release(['a@1', 'b@2', 'a@1']);
      await begun();
      const all = await journal.readEvents({ jobId, after: null, limit: 100 });

      expect(all.map(({ place }) => [place.seq, place.number])).toEqual([
        [0, 1],
        [0, 2],
        [1, 1],
        [2, 1],
      ]);
      for (const [index, { place }] of all.entries()) {
        const rest = await journal.readEvents({ jobId, after: place, limit: 2 });
        expect(rest).toEqual(all.slice(index + 1, index + 3));
      }
    });

    it('finds what other jobs did on the same lanes meanwhile, and nothing else', async () => {
      const ours = await world.release(['a@1', 'b@2'], { maxInFlight: 10 });
      const theirs = await world.release(['c@1', 'd@3']);
      const hand = world.hand();
      await world.pass(1_000);
      const held = await begun();
      await hand.end(await begun('2'));
      await hand.end(await begun('3'));
      // The next one of the lane is theirs.
      const other = await hand.end(held);
      const after = await world.release(['e@1']);
      await world.pass(1_000);
      await hand.end(await hand.end(other));

      const neighbours = await journal.readNeighbours({ jobId: ours, after: null, limit: 100 });
      const [first] = neighbours;
      const rest = await journal.readNeighbours({ jobId: ours, after: first ?? null, limit: 100 });

      expect(new Set(neighbours.map(({ changeId }) => changeId))).toEqual(
        new Set([changeIdOf(theirs, 0)]),
      );
      expect(rest).toEqual(neighbours.slice(1));
      expect(await world.states(after)).toEqual(['e:succeeded']);
    });
  });

  describe('sealing', () => {
    it('is called for when a job ends, however it ends', async () => {
      const running = await world.release(['a@1']);
      const refusedJob = await world.accept(['x@9']);
      await world.resolve({ answer: (id) => refused({ id }) });
      const failurePolicy = { onFailure: 'continue', maxErrors: 0 } as const;
      const emptied = await world.accept(['y@9'], { failurePolicy });
      await world.resolve({ answer: (id) => refused({ id }) });
      expect((await world.job(refusedJob)).state).toBe('failed');

      await world.hand().end(await begun());
      await world.pass(leaseSeconds * 1_000);

      const lanes = await claimJobLanes();

      expect(lanes.map(({ laneKey }) => laneKey).sort()).toEqual(
        [running, refusedJob, emptied].map(jobLaneOf),
      );
      expect(lanes[0]).toMatchObject({ kind: 'job', regionId: '', assignment: null, backlog: 0 });
    });

    it('begins with what the job came to', async () => {
      const jobId = await world.release(['a@1', 'b@2'], { maxInFlight: 7 });
      expect(await journal.getEnded(jobId)).toBeNull();
      await world.hand().end(await begun());
      await world.pass(5);
      await world.hand().end(await begun('2'), 'failed');
      const { finishedAt } = await world.job(jobId);

      expect(await journal.getEnded(jobId)).toEqual({
        id: jobId,
        state: 'failed',
        finishedAt,
        planDigest: 'digest',
        counts: countsOf({ succeeded: 1, failed: 1 }),
        rules: { concurrency: 7, maxErrors: 0, onFailure: 'stop', redundancy: 'none' },
        countedEvents: 4,
        readAt: new Date(world.clock.now()).toISOString(),
      });
    });

    it('keeps one seal, from whoever holds the lease, and then there is nothing left to do', async () => {
      const jobId = await world.release(['a@1']);
      await world.hand().end(await begun());
      const [lost] = await claimJobLanes();
      await world.pass(leaseSeconds * 1_000);
      const [lane] = await claimJobLanes();
      if (!lost || !lane) throw new Error('the job is not to be sealed');
      const { sealed, countedEvents } = await aSealedJournal(jobId);
      const whole = { ...sealed, countedEvents };

      expect(await journal.saveSealed(lost, jobId, whole)).toBe(false);
      expect(await journal.getSealed(jobId)).toBeNull();
      expect(await journal.saveSealed(lane, jobId, whole)).toBe(true);
      expect(await journal.saveSealed(lane, jobId, whole)).toBe(false);

      expect(await journal.getSealed(jobId)).toEqual(sealed);
      await world.pass(3_600_000);
      expect(await claimJobLanes()).toEqual([]);
      expect((await world.lanes.repair()).nextDueInMs).toBeNull();
    });

    it('is begun again when something was told since the events were read', async () => {
      const jobId = await world.release(['a@1']);
      await world.hand().end(await begun());
      const [lane] = await claimJobLanes();
      if (!lane) throw new Error('the job is not to be sealed');
      const { sealed, countedEvents } = await aSealedJournal(jobId);
      const early = { ...sealed, countedEvents: countedEvents - 1 };

      expect(await journal.saveSealed(lane, jobId, early)).toBe(false);
      const [again] = await claimJobLanes();
      if (!again) throw new Error('the job is not to be sealed again');
      expect(await journal.saveSealed(again, jobId, { ...sealed, countedEvents })).toBe(true);
      expect(await journal.getSealed(jobId)).toEqual(sealed);
    });

    it('is taken over from a worker that died at it', async () => {
      const jobId = await world.release(['a@1']);
      await world.hand().end(await begun());
      await claimJobLanes();

      expect(await claimJobLanes()).toEqual([]);
      await world.pass(leaseSeconds * 1_000);
      expect(await world.lanes.repair()).toMatchObject({ reclaimed: 1, nextDueInMs: 0 });
      expect(await claimJobLanes()).toMatchObject([{ laneKey: `job:${jobId}`, epoch: 3 }]);
    });
  });
}
