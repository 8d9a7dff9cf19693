import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import type { Continuation, LaneUpdate } from '../../shared/lane/lane-store.ts';
import { withPostgres } from '../helpers/databases.ts';
import { type Hand, handOf, leaseSeconds, openWorld, stepOf } from './lane-store-world.ts';

const gate = 4_711;
const release: Continuation = { kind: 'release', dueInMs: 0 };
/** With few lanes PostgreSQL hashes them: a pick is read to its end before anything is written, and no re-check shows. */
const idleLanes = 5_000;

function handOn(database: Database, name: string): Hand {
  return handOf({ lanes: createPgLaneStore(database) }, name);
}

/** A claim on a real server whose snapshot is older than what it meets: another transaction commits in between. */
describe('a claim that began before another writing was over', () => {
  const database = withPostgres();
  const world = openWorld(database);

  beforeAll(async () => {
    // Whoever writes to lanes has its snapshot by then, and waits here for the transaction that holds the gate.
    await database.script(`
      CREATE FUNCTION lanekeeper.pass_gate() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_advisory_xact_lock(${gate}); RETURN NULL; END $$;
      CREATE TRIGGER pass_gate BEFORE UPDATE ON lanekeeper.lane
        FOR EACH STATEMENT EXECUTE FUNCTION lanekeeper.pass_gate();`);
  });

  async function untilAtTheGate(): Promise<void> {
    for (let look = 0; look < 5_000; look += 1) {
      const waiting = await database.query(
        `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      if (waiting.length > 0) return;
    }
    expect.fail('no claim waits at the gate');
  }

  /** What `claim` gets when it has its snapshot before `update` is written, and picks after that was committed. */
  async function claimAround<Result>(
    claim: () => Promise<Result>,
    update: LaneUpdate,
    worker: string,
  ): Promise<Result> {
    const claims: Promise<Result>[] = [];
    await database.transaction(async (query) => {
      await query('SELECT pg_advisory_xact_lock($1)', [gate]);
      claims.push(claim());
      await untilAtTheGate();
      const inside = {
        ...database,
        query,
        transaction: (work) => work(query, () => undefined),
      } satisfies Database;
      await handOn(inside, worker).record(update);
    });
    const [claimed] = await Promise.all(claims);
    return claimed ?? expect.fail('nothing was claimed');
  }

  it('claims a lane with its change as it was written meanwhile', async () => {
    await world.release(['a@1']);
    const first = world.hand('first');
    const held = await first.next(await first.take('1'));
    await world.pass(leaseSeconds * 1000);
    const second = handOn(await database.another(), 'second');

    const [claimed] = await claimAround(
      () => second.claim(),
      stepOf(held, 'settling', release),
      first.name,
    );

    expect(held.change?.state).toBe('applying');
    expect(claimed?.change).toMatchObject({ id: held.change?.id, state: 'settling' });
  });

  it('claims no more than it asked for while a lane of its own is given back', async () => {
    await world.release(['a@1', 'b@2', 'c@3', 'd@4']);
    await database.query(
      `INSERT INTO lanekeeper.lane (lane_key, kind, region_id)
       SELECT 'idle' || i, 'gateway', 'cn-hangzhou' FROM generate_series(1, $1::int) AS i`,
      [idleLanes],
    );
    await database.script('ANALYZE lanekeeper.lane');
    const hand = world.hand('busy');
    const held = await hand.next(await hand.take('1'));
    const same = handOn(await database.another(), hand.name);

    const claimed = await claimAround(
      () => same.claim(2),
      stepOf(held, 'settling', { ...release, dueInMs: 60_000 }),
      hand.name,
    );

    expect(claimed).toHaveLength(2);
  });
});
