import { describe, expect, it } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { openWorld, stepOf } from './lane-store-world.ts';

/** What a store on a database has in its columns, beyond what the ports show. */
describe.each(databaseKinds)('rows of the lane store, $kind', ({ withDatabase }) => {
  const world = openWorld(withDatabase());

  it('are SQL nulls where there is nothing', async () => {
    await world.release(['a@1']);
    const hand = world.hand();
    const held = await hand.next(await hand.take('1'));
    await hand.record(stepOf(held, 'applying', { kind: 'keep' }, { base: null }));

    const rows = await world.database.query(
      'SELECT 1 FROM lanekeeper.change WHERE base IS NULL AND last_error IS NULL AND client_token IS NULL',
    );

    expect(rows).toHaveLength(1);
  });
});
