import { describe, expect, it } from 'vitest';
import { databaseKinds, withEmbedded } from '../helpers/databases.ts';
import { defineDatabaseContract, failureOf } from './database-contract.ts';

describe.each(databaseKinds)('a database, $kind', ({ withDatabase }) => {
  defineDatabaseContract(withDatabase());
});

describe('the embedded database', () => {
  const database = withEmbedded();

  it('refuses a transaction that would wait for itself', async () => {
    const work = database.transaction(() => database.query('SELECT 1'));

    expect((await failureOf(work)).message).toContain('use its own query');
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
