import { beforeAll, beforeEach, expect, it } from 'vitest';
import { createPgRequestRate } from '../../shared/adapters/postgres/request-rate.ts';
import type { RequestRate } from '../../shared/auth/request-rate.ts';
import {
  emptyAllTables,
  type TestDatabase,
  useVirtualDatabaseClock,
} from '../helpers/databases.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

/** How often a caller asked in this minute, over all function instances. */
export function defineRequestRateContract(database: TestDatabase): void {
  const clock = new FakeClock();
  let follow = (): Promise<void> => Promise.resolve();
  let instances: readonly [RequestRate, RequestRate];

  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await follow();
  };
  const limit = (scope: string, perMinute = 3) => [{ scope, perMinute }];

  beforeAll(async () => {
    follow = await useVirtualDatabaseClock(database, clock);
    instances = [createPgRequestRate(database), createPgRequestRate(await database.another())];
  });
  beforeEach(async () => {
    await emptyAllTables(database);
    await pass(60_000 - (clock.now() % 60_000) + 20_000);
  });

  it('lets a scope pass up to its limit, and counts for all instances together', async () => {
    const verdicts = [];
    for (const instance of [...instances, ...instances, ...instances]) {
      verdicts.push((await instance.count(limit('token:a'))).over);
    }

    expect(verdicts).toEqual([null, null, null, 'token:a', 'token:a', 'token:a']);
  });

  it('says by how many the limit is passed, and when the minute is over', async () => {
    const [rate] = instances;
    for (let index = 0; index < 3; index += 1) await rate.count(limit('token:a'));

    expect(await rate.count(limit('token:a'))).toEqual({
      over: 'token:a',
      overBy: [1],
      retryAfterSeconds: 40,
    });
    expect(await rate.count(limit('token:a'))).toMatchObject({ over: 'token:a', overBy: [2] });
  });

  it('begins again with the next minute', async () => {
    const [rate] = instances;
    for (let index = 0; index < 5; index += 1) await rate.count(limit('token:a'));
    await pass(40_000);

    expect((await rate.count(limit('token:a'))).over).toBeNull();
  });

  it('keeps scopes apart and names the first that is over', async () => {
    const [rate] = instances;
    const both = [...limit('token:a', 2), ...limit('address:x', 1)];
    await rate.count(both);

    expect((await rate.count(both)).over).toBe('address:x');
    expect((await rate.count(both)).over).toBe('token:a');
    expect((await rate.count(limit('token:b'))).over).toBeNull();
  });

  it('says of each limit by how many it is passed, in the order of the limits', async () => {
    const [rate] = instances;
    const both = [...limit('token:a', 1), ...limit('address:x', 3)];
    const passedBy = [];
    for (let index = 0; index < 5; index += 1) passedBy.push((await rate.count(both)).overBy);

    expect(passedBy).toEqual([[], [1], [2], [3, 1], [4, 2]]);
  });

  it('counts nothing when there is nothing to count', async () => {
    expect((await instances[0].count([])).over).toBeNull();
  });

  it('counts every one of many that come at once', async () => {
    const asked = Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? instances[0] : instances[1]).count([
        ...limit('token:a', 12),
        ...limit('address:x', 100),
      ]),
    );
    const verdicts = await Promise.all(asked);

    expect(verdicts.filter(({ over }) => over === null)).toHaveLength(12);
    expect(verdicts.flatMap(({ overBy }) => overBy).toSorted((a, b) => a - b)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
  });

  it('forgets who was quiet for long, and nobody else', async () => {
    const [rate] = instances;
    await rate.count(limit('token:quiet'));
    await pass(11 * 60_000);
    await rate.count(limit('token:busy'));

    const rows = await database.query('SELECT scope FROM lanekeeper.request_rate');
    expect(rows).toEqual([{ scope: 'token:busy' }]);
  });
}
