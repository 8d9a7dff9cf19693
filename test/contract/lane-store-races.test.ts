import { describe, expect, it } from 'vitest';
import { claimStatement, createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { withPostgres } from '../helpers/databases.ts';
import { laneOf } from '../helpers/factories-store.ts';
import { type Hand, handOf, leaseSeconds, next, openWorld, stepOf } from './lane-store-world.ts';
import { type Pausable, pausable } from './pausable.ts';

/** Two workers in the same instant, on a real server: one stands before its commit while the other comes. */
describe('the lane store between two writers', () => {
  const database = withPostgres();
  const world = openWorld(database);

  /** Resolves when somebody waits for a lock, or when that does not matter any more. */
  async function untilBlocked(isOver = (): boolean => false): Promise<void> {
    for (let look = 0; look < 5_000; look += 1) {
      if (isOver()) return;
      const waiting = await database.query(
        `SELECT 1 FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      if (waiting.length > 0) return;
    }
    expect.fail('nobody waits for a lock');
  }

  /** What comes of something that must not wait for a lock. */
  async function unlessBlocked<Result>(
    asked: Promise<Result>,
  ): Promise<Result | 'waits for a lock'> {
    let isOver = false;
    const over = asked.finally(() => {
      isOver = true;
    });
    const blocked = untilBlocked(() => isOver).then(() => 'waits for a lock' as const);
    return Promise.race([over, blocked]);
  }

  async function pausableHand(name: string): Promise<Hand & Pick<Pausable, 'reached' | 'letGo'>> {
    const { database: slow, reached, letGo } = pausable(await database.another());
    return { ...handOf({ ...world, lanes: createPgLaneStore(slow) }, name), reached, letGo };
  }

  it('wakes a lane that its worker gives up in the same instant', async () => {
    await world.release(['a@1']);
    await world.release(['a@2']);
    const hand = world.hand();
    const one = await hand.next(await hand.take('1'));
    const two = await hand.take('2');
    const slow = await pausableHand('slow');

    const givingUp = slow.record(stepOf(two, 'queued', next));
    await slow.reached;
    const ending = hand.end(one);
    await untilBlocked();
    slow.letGo();
    await Promise.all([givingUp, ending]);

    expect((await hand.next(await hand.take('2'))).change).toMatchObject({ vpnConnectionId: 'a' });
  });

  it('lets a connection go on when its head is cancelled while the change before it ends', async () => {
    await world.release(['a@1']);
    const stopped = await world.release(['b@2', 'a@1']);
    const third = await world.release(['a@1']);
    const hand = world.hand();
    const one = await hand.next(await hand.take('1'));
    const two = await hand.next(await hand.take('2'));
    const slow = await pausableHand('slow');

    const stopping = slow.record(stepOf(two, 'failed', next, { step: null }));
    await slow.reached;
    const ending = hand.end(one);
    await untilBlocked();
    slow.letGo();
    const [, after] = await Promise.all([stopping, ending]);

    expect(await world.states(stopped)).toEqual(['b:failed', 'a:cancelled']);
    expect(after.change?.jobId).toBe(third);
  });

  it('lets a connection go on when its head is cancelled, and its lane is not the ending one', async () => {
    await world.release(['a@1']);
    const stopped = await world.release(['b@2', 'a@3']);
    const third = await world.release(['a@4']);
    const hand = world.hand();
    const one = await hand.next(await hand.take('1'));
    const two = await hand.next(await hand.take('2'));
    await hand.next(await hand.take('3'));
    await hand.next(await hand.take('4'));
    const slow = await pausableHand('slow');

    const stopping = slow.record(stepOf(two, 'failed', next, { step: null }));
    await slow.reached;
    const ending = hand.end(one);
    await untilBlocked();
    slow.letGo();
    await Promise.all([stopping, ending]);

    expect(await world.states(stopped)).toEqual(['b:failed', 'a:cancelled']);
    expect((await hand.next(await hand.take('4'))).change?.jobId).toBe(third);
  });

  it('gives a slot to one of two lanes that ask for it in the same instant', async () => {
    const jobId = await world.release(['a@1', 'b@2'], { maxInFlight: 1 });
    const hand = world.hand();
    const [one, two] = await hand.claim();
    if (one === undefined || two === undefined) throw new Error('two lanes are due');
    const slow = await pausableHand('slow');

    const first = slow.record(stepOf(one, 'queued', next));
    await slow.reached;
    const second = hand.record(stepOf(two, 'queued', next));
    await untilBlocked();
    slow.letGo();

    expect((await first)[0]?.kind).toBe('next');
    expect(await second).toEqual([{ kind: 'written' }]);
    expect((await world.job(jobId)).counts).toMatchObject({ applying: 1, queued: 1 });
  });

  it('wakes a lane that is parked while the slot it waits for is freed', async () => {
    await world.release(['a@1', 'b@2'], { maxInFlight: 1 });
    const hand = world.hand();
    const one = await hand.next(await hand.take('1'));
    const two = await hand.take('2');
    const slow = await pausableHand('slow');

    const parking = slow.record(stepOf(two, 'queued', next));
    await slow.reached;
    const ending = hand.end(one);
    await untilBlocked();
    slow.letGo();
    await Promise.all([parking, ending]);

    expect((await hand.next(await hand.take('2'))).change).toMatchObject({ vpnConnectionId: 'b' });
  });

  it('releases a job behind one whose change on the connection starts in the same instant', async () => {
    await world.release(['a@1']);
    await world.accept(['a@1']);
    const hand = world.hand();
    const one = await hand.take('1');
    const slow = await pausableHand('slow');

    const starting = slow.record(stepOf(one, 'queued', next));
    await slow.reached;
    const releasing = world.resolve();
    await untilBlocked();
    slow.letGo();
    const [[outcome]] = await Promise.all([starting, releasing]);

    const ready = await database.query('SELECT id FROM lanekeeper.change WHERE ready');
    expect(outcome).toMatchObject({ kind: 'next', assignment: { change: { jobId: 'job_001' } } });
    expect(ready).toEqual([{ id: 'chg_001.00000' }]);
  });

  it('releases a job that finds its connection free when the change before it is being cancelled', async () => {
    await world.release(['b@2', 'a@1']);
    await world.accept(['a@1']);
    const hand = world.hand();
    const two = await hand.next(await hand.take('2'));
    const slow = await pausableHand('slow');

    const stopping = slow.record(stepOf(two, 'failed', next, { step: null }));
    await slow.reached;
    const releasing = world.resolve();
    await untilBlocked();
    slow.letGo();
    await Promise.all([stopping, releasing]);

    expect((await hand.next(await hand.take('1'))).change?.jobId).toBe('job_002');
  });

  it('claims no lane that somebody is writing, and afterwards sees what was written', async () => {
    await world.release(['a@1']);
    const hand = world.hand();
    const one = await hand.take('1');
    const slow = await pausableHand('slow');

    const starting = slow.record(stepOf(one, 'queued', next));
    await slow.reached;
    await world.pass(leaseSeconds * 1000);
    const during = await hand.claim();
    slow.letGo();
    const [outcome] = await starting;
    const { epoch } = one;
    const started = outcome?.kind === 'next' ? outcome.assignment.change : null;
    await slow.record(
      stepOf({ ...one, change: started }, 'settling', { kind: 'release', dueInMs: 0 }),
    );
    const [after] = await hand.claim();

    expect(during).toEqual([]);
    expect(after).toMatchObject({
      epoch: epoch + 1,
      change: { id: started?.id, state: 'settling' },
    });
  });

  it('claims no lane between the check of its epoch and the writing', async () => {
    await world.release(['a@1']);
    const hand = world.hand();
    const held = await hand.take('1');
    const {
      database: slow,
      reached,
      letGo,
    } = pausable(await database.another(), 'first statement');
    const late = handOf({ ...world, lanes: createPgLaneStore(slow) }, 'late');

    const writing = late.record(stepOf(held, 'queued', next));
    await reached;
    await world.pass(leaseSeconds * 1000);
    const during = await unlessBlocked(hand.claim());
    letGo();

    expect(during).toEqual([]);
    expect((await writing)[0]?.kind).toBe('next');
  });

  it('leaves a lane alone that another claims in the same instant', async () => {
    await world.release(['a@1', 'b@2']);
    const { database: slow, reached, letGo } = pausable(await database.another());
    const claim = { worker: 'slow', limit: 1, leaseSeconds };

    const first = slow.transaction((query) =>
      query(claimStatement, [claim.limit, claim.leaseSeconds, claim.worker]),
    );
    await reached;
    const second = await unlessBlocked(world.hand().claim());
    letGo();

    expect(await first).toMatchObject([{ laneKey: laneOf('a@1') }]);
    expect(second).toMatchObject([{ laneKey: laneOf('b@2') }]);
  });

  it('claims never more than it asked for while others write and enqueue', async () => {
    const lanes = Array.from({ length: 40 }, (_, index) => `c${index}@${index}`);
    await world.release(lanes, { maxInFlight: 100 });
    const others = await Promise.all(
      ['w1', 'w2', 'w3'].map(async (name) =>
        handOf({ ...world, lanes: createPgLaneStore(await database.another()) }, name),
      ),
    );
    const sizes: number[] = [];
    const work = async (hand: Hand): Promise<void> => {
      for (let round = 0; round < 60; round += 1) {
        const held = await hand.claim(7);
        sizes.push(held.length);
        await hand.record(
          ...held.map((lane) => stepOf(lane, 'queued', { kind: 'release', dueInMs: 0 })),
        );
      }
    };
    const enqueue = async (): Promise<void> => {
      for (let round = 0; round < 40; round += 1) await world.accept([`r${round % 5}/x@1`]);
    };

    await Promise.all([...others.map(work), enqueue()]);

    expect(Math.max(...sizes)).toBe(7);
  });
});
