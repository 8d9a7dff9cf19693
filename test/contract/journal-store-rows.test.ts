import { describe, expect, it } from 'vitest';
import { type ChainedEvent, followChain } from '../../shared/journal/chain.ts';
import { databaseKinds } from '../helpers/databases.ts';
import { changeIdOf } from '../helpers/factories-store.ts';
import { failureOf } from './database-contract.ts';
import { openWorld } from './lane-store-world.ts';

describe.each(databaseKinds)('the rows of the journal, $kind', ({ withDatabase }) => {
  const world = openWorld(withDatabase());
  const begun = async (): Promise<void> => {
    const hand = world.hand();
    await hand.next(await hand.take('1'));
  };
  const eventsOf = async (jobId: string, seq: number): Promise<ChainedEvent[]> => {
    const all = await world.journal.readEvents({ jobId, after: null, limit: 10_000 });
    return all
      .map(({ event }) => event)
      .filter(({ changeId }) => changeId === changeIdOf(jobId, seq));
  };

  it('break when somebody reaches around the store', async () => {
    const jobId = await world.release(['a@1']);
    await begun();
    const rewrite = `UPDATE lanekeeper.journal SET kind = 'waiting' WHERE number = 2`;

    expect((await failureOf(world.database.query(rewrite))).code).toBe('internal');
    await world.database.script(`
      ALTER TABLE lanekeeper.journal DISABLE TRIGGER append_only;
      ${rewrite};
      ALTER TABLE lanekeeper.journal ENABLE TRIGGER append_only;`);

    const chain = followChain(changeIdOf(jobId, 0), await eventsOf(jobId, 0));
    expect(chain.faults).toEqual([`${changeIdOf(jobId, 0)} event 2 does not fit its hash`]);
  });

  it('take no event that leaves a gap', async () => {
    const jobId = await world.release(['a@1']);
    const insert = world.database.query(
      `INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
       VALUES ($1, 3, $2, lanekeeper.now(), 'started', '{}')`,
      [changeIdOf(jobId, 0), jobId],
    );

    expect((await failureOf(insert)).code).toBe('internal');
  });
});
