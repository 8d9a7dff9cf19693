import { describe, expect, it } from 'vitest';
import { databaseKinds, emptyAllTables, useVirtualDatabaseClock } from '../helpers/databases.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

describe.each(databaseKinds)('a test database, $kind', ({ withDatabase }) => {
  const database = withDatabase();

  it('is emptied, references, identities and all, but keeps its migrations', async () => {
    await database.script(`
      CREATE TABLE lanekeeper.parent (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
      CREATE TABLE lanekeeper.child (parent_id bigint NOT NULL REFERENCES lanekeeper.parent);
      INSERT INTO lanekeeper.parent DEFAULT VALUES;
      INSERT INTO lanekeeper.child VALUES (1)`);

    await emptyAllTables(database);

    expect(await database.query('SELECT * FROM lanekeeper.child')).toEqual([]);
    expect(
      await database.query('INSERT INTO lanekeeper.parent DEFAULT VALUES RETURNING id'),
    ).toEqual([{ id: 1 }]);
    expect(
      await database.query('SELECT number FROM lanekeeper.schema_migration LIMIT 1'),
    ).toHaveLength(1);
  });

  it('takes its time from the clock', async () => {
    const clock = new FakeClock('2026-01-01T00:00:00.000Z');
    const follow = await useVirtualDatabaseClock(database, clock);
    const now = async (): Promise<unknown> =>
      (await database.query('SELECT lanekeeper.now() AS now'))[0]?.now;

    expect(await now()).toEqual(new Date('2026-01-01T00:00:00.000Z'));

    await clock.advance(61_000);
    await follow();

    expect(await now()).toEqual(new Date('2026-01-01T00:01:01.000Z'));
    await emptyAllTables(database);
    expect(await now()).toEqual(new Date('2026-01-01T00:01:01.000Z'));
  });

  it('is seen through another handle', async () => {
    const other = await database.another();
    await database.query('CREATE TABLE lanekeeper.seen ()');

    expect(await other.query(`SELECT to_regclass('lanekeeper.seen') IS NOT NULL AS seen`)).toEqual([
      { seen: true },
    ]);
  });
});
