import { beforeAll, beforeEach, expect, it } from 'vitest';
import { createPgAuditLog } from '../../shared/adapters/postgres/audit-log.ts';
import type { AuditEntry, AuditFilter, AuditLog } from '../../shared/auth/audit-log.ts';
import {
  emptyAllTables,
  type TestDatabase,
  useVirtualDatabaseClock,
} from '../helpers/databases.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const everything: AuditFilter = {
  actor: null,
  jobId: null,
  from: null,
  to: null,
  limit: 100,
  before: null,
};

function anEntry(values: Partial<AuditEntry> = {}): AuditEntry {
  return {
    actor: 'ops',
    address: '192.0.2.7',
    action: 'submit',
    operation: 'POST /v1/jobs',
    jobId: 'job_1',
    outcome: 'done',
    requestId: 'req_1',
    ...values,
  };
}

/** The record of every refused attempt and every verb. */
export function defineAuditContract(database: TestDatabase): void {
  const clock = new FakeClock('2026-11-22T10:00:00.000Z');
  let audit: AuditLog;
  let follow = (): Promise<void> => Promise.resolve();

  beforeAll(async () => {
    audit = createPgAuditLog(database);
    follow = await useVirtualDatabaseClock(database, clock);
  });
  beforeEach(() => emptyAllTables(database));

  const actors = async (filter: Partial<AuditFilter>): Promise<readonly (string | null)[]> =>
    (await audit.list({ ...everything, ...filter })).map(({ actor }) => actor);

  it('keeps what it was told, with the time of the database', async () => {
    const at = new Date(clock.now()).toISOString();
    await audit.append(anEntry());
    await audit.append(anEntry({ actor: null, address: null, jobId: null }));

    const [second, first] = await audit.list(everything);

    expect(first).toEqual({ ...anEntry(), position: 1, at });
    expect(second).toMatchObject({ actor: null, address: null, jobId: null, position: 2 });
  });

  it('lists by actor and by job, the newest first', async () => {
    await audit.append(anEntry({ actor: 'a', jobId: 'job_1' }));
    await audit.append(anEntry({ actor: 'b', jobId: 'job_1' }));
    await audit.append(anEntry({ actor: 'c', jobId: 'job_2' }));

    expect(await actors({ jobId: 'job_1' })).toEqual(['b', 'a']);
    expect(await actors({ actor: 'c' })).toEqual(['c']);
    expect(await actors({ actor: 'c', jobId: 'job_1' })).toEqual([]);
  });

  it('lists a span of time, its end not included', async () => {
    const times: string[] = [];
    for (const actor of ['a', 'b', 'c']) {
      times.push(new Date(clock.now()).toISOString());
      await audit.append(anEntry({ actor }));
      await clock.advance(1_000);
      await follow();
    }

    expect(await actors({ from: times[1] ?? '', to: times[2] ?? '' })).toEqual(['b']);
  });

  it('goes on before a position', async () => {
    for (const actor of ['a', 'b', 'c']) await audit.append(anEntry({ actor }));

    expect(await actors({ limit: 2 })).toEqual(['c', 'b']);
    expect(await actors({ limit: 2, before: 2 })).toEqual(['a']);
  });

  it.each([`UPDATE lanekeeper.audit SET actor = 'x'`, 'DELETE FROM lanekeeper.audit'])(
    'refuses %s',
    async (statement) => {
      await audit.append(anEntry());

      await expect(database.query(statement)).rejects.toThrow();
      expect(await actors({})).toEqual(['ops']);
    },
  );
}
