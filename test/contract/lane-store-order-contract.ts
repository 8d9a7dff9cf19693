import { describe, expect, it } from 'vitest';
import { type Held, leaseSeconds, next, stepOf, type World } from './lane-store-world.ts';

const leaseMs = leaseSeconds * 1000;

function name(held: Held | undefined): string | null {
  return held?.change?.vpnConnectionId ?? null;
}

/** What starts when: connections, lanes, jobs and slots. */
export function defineOrderContract(world: World): void {
  describe('order', () => {
    it('on a connection is the order of the plan', async () => {
      await world.release(['a@1', 'a@1', 'a@1']);
      const hand = world.hand();
      const seqs: (number | undefined)[] = [];
      let held = await hand.next(await hand.take('1'));
      while (held.change !== null) {
        seqs.push(held.change.seq);
        held = await hand.end(held);
      }

      expect(seqs).toEqual([0, 1, 2]);
    });

    it('on a connection is the order of acceptance over jobs', async () => {
      const one = await world.release(['a@1', 'a@1']);
      const two = await world.release(['a@1']);
      const hand = world.hand();
      const order: string[] = [];
      let held = await hand.next(await hand.take('1'));
      while (held.change !== null) {
        order.push(`${held.change.jobId}/${held.change.seq}`);
        held = await hand.end(held);
      }

      expect(order).toEqual([`${one}/0`, `${one}/1`, `${two}/0`]);
    });

    it('on a lane is the oldest job first, whatever came in between', async () => {
      await world.release(['a@1', 'b@1']);
      await world.release(['c@1']);
      const hand = world.hand();
      const order: (string | null)[] = [];
      let held = await hand.next(await hand.take('1'));
      while (held.change !== null) {
        order.push(name(held));
        held = await hand.end(held);
      }

      expect(order).toEqual(['a', 'b', 'c']);
    });

    it('lets a younger job start on a lane where the older one has no slot left', async () => {
      await world.release(['a@1', 'b@2'], { maxInFlight: 1 });
      await world.release(['c@2']);
      const hand = world.hand();
      const one = await hand.next(await hand.take('1'));
      const two = await hand.next(await hand.take('2'));

      expect([name(one), name(two)]).toEqual(['a', 'c']);
    });

    it('holds back a younger job on a connection whose older change has no slot', async () => {
      await world.release(['a@1', 'b@2'], { maxInFlight: 1 });
      await world.release(['b@2']);
      const hand = world.hand();
      await hand.next(await hand.take('1'));
      const two = await hand.next(await hand.take('2'));

      expect(two.change).toBeNull();
    });

    it('puts an older job first when a younger one goes back to the queue without a trace', async () => {
      const late = await world.accept(['a@2', 'other/z@9']);
      await world.accept(['a@1']);
      await world.resolve({ region: 'cn-hangzhou' });
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      await world.resolve({ region: 'other' });
      await hand.record(stepOf(held, 'queued', { kind: 'requeue', dueInMs: 0 }, { step: null }));

      expect(held.change?.jobId).not.toBe(late);
      expect((await hand.next(await hand.take('1'))).change).toBeNull();
      expect((await hand.next(await hand.take('2'))).change?.jobId).toBe(late);
    });

    it('goes on across lanes: the end on one wakes the successor on another', async () => {
      await world.release(['a@1']);
      await world.release(['a@2']);
      const hand = world.hand();
      const one = await hand.next(await hand.take('1'));
      const two = await hand.next(await hand.take('2'));
      const idle = await hand.claim();
      await hand.end(one);

      expect(two.change).toBeNull();
      expect(idle).toEqual([]);
      expect(name(await hand.next(await hand.take('2')))).toBe('a');
    });

    it('goes on when the successor is on another lane of the same call', async () => {
      await world.release(['a@1']);
      await world.release(['a@2']);
      const hand = world.hand();
      const one = await hand.next(await hand.take('1'));
      const two = await hand.take('2');

      const outcomes = await hand.record(
        stepOf(one, 'succeeded', next, { step: null }),
        stepOf(two, 'queued', next),
      );

      expect(outcomes.map(({ kind }) => kind)).toEqual(['written', 'next']);
    });

    it('goes on when the successor is on a lane that this call has lost', async () => {
      await world.release(['a@1']);
      await world.release(['a@2']);
      const hand = world.hand('slow');
      const lost = await hand.take('2');
      await world.pass(leaseMs);
      const quick = world.hand('quick');
      const one = await quick.next(await quick.take('1'));
      await quick.next(await quick.take('2'));
      await quick.record(
        stepOf(one, 'succeeded', next, { step: null }),
        stepOf(lost, 'queued', next),
      );

      expect(name(await quick.next(await quick.take('2')))).toBe('a');
    });
  });

  describe('slots', () => {
    it('are never more in use than the job has', async () => {
      const jobId = await world.release(['a@1', 'b@2', 'c@3'], { maxInFlight: 2 });
      const hand = world.hand();
      const outcomes = await hand.record(
        ...(await hand.claim()).map((held) => stepOf(held, 'queued', next)),
      );

      expect(outcomes.filter(({ kind }) => kind === 'next')).toHaveLength(2);
      expect((await world.job(jobId)).counts).toMatchObject({ applying: 2, queued: 1 });
      expect(await hand.claim()).toEqual([]);
    });

    it('go to the longest lanes first, at the start and when one is freed', async () => {
      await world.release(['a@1', 'b@2', 'c@2', 'd@3', 'e@3', 'f@3', 'g@4'], { maxInFlight: 1 });
      const hand = world.hand();
      const outcomes = await hand.record(
        ...(await hand.claim()).map((held) => stepOf(held, 'queued', next)),
      );
      const started = outcomes.flatMap((o) => (o.kind === 'next' ? [o.assignment.change] : []));
      const three: Held = {
        laneKey: 'gateway:cn-hangzhou/3',
        epoch: 1,
        change: started[0] ?? null,
      };
      // The lane gives its slot back, and waits.
      await hand.record(
        stepOf(three, 'queued', { kind: 'requeue', dueInMs: 5_000 }, { step: null }),
      );

      expect(started.map((change) => change.vpnConnectionId)).toEqual(['d']);
      expect((await hand.claim()).map((held) => held.laneKey)).toEqual(['gateway:cn-hangzhou/2']);
    });

    it('pass on when the lane that was woken for one starts another job instead', async () => {
      const old = await world.release(['x@9', 'c@2'], { maxInFlight: 1 });
      const job = await world.release(['a@1', 'b@2', 'd@2', 'e@3'], { maxInFlight: 1 });
      const hand = world.hand();
      const nine = await hand.next(await hand.take('9'));
      const one = await hand.next(await hand.take('1'));
      await hand.next(await hand.take('2'));
      await hand.next(await hand.take('3'));
      expect([name(nine), name(one)]).toEqual(['x', 'a']);
      await hand.record(
        stepOf(nine, 'succeeded', next, { step: null }),
        stepOf(one, 'succeeded', next, { step: null }),
      );

      const two = await hand.next(await hand.take('2'));
      const three = await hand.next(await hand.take('3'));

      expect([two.change?.jobId, three.change?.jobId]).toEqual([old, job]);
    });

    it('pass on when the lane that was woken for one has nothing left for it', async () => {
      const late = await world.accept(['b@2', 'other/z@9'], { maxInFlight: 1 });
      await world.accept(['a@1', 'b@2', 'c@3'], { maxInFlight: 1 });
      await world.resolve({ region: 'cn-hangzhou' });
      const hand = world.hand();
      const one = await hand.next(await hand.take('1'));
      await hand.next(await hand.take('2'));
      await hand.next(await hand.take('3'));
      await hand.end(one);
      // Lane 2 is woken for the younger job's change, and the older job takes its place before anybody comes.
      await world.resolve({ region: 'other' });
      const nine = await hand.next(await hand.take('9'));
      const two = await hand.next(await hand.take('2'));
      const three = await hand.next(await hand.take('3'));

      expect(nine.change?.jobId).toBe(late);
      expect(two.change).toBeNull();
      expect(name(three)).toBe('c');
    });

    it('are not held by proof or delivery', async () => {
      await world.release(['a@1', 'b@1'], { maxInFlight: 1 });
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      const [outcome] = await hand.record(stepOf(held, 'verifying', next, { step: null }));

      expect(outcome).toMatchObject({ assignment: { change: { vpnConnectionId: 'b' } } });
    });
  });
}
