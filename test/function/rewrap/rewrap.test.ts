import { beforeEach, describe, expect, it } from 'vitest';
import { createPgKeyringStore } from '../../../shared/adapters/postgres/keyring-store.ts';
import { createPgScheduleStore } from '../../../shared/adapters/postgres/schedule-store.ts';
import { createPgSealedStore } from '../../../shared/adapters/postgres/sealed-store.ts';
import { systemRandom as random } from '../../../shared/platform/random.ts';
import { Secret } from '../../../shared/platform/secret.ts';
import { reveal } from '../../../shared/platform/secret-reveal.ts';
import { parseSchedule } from '../../../shared/schedule/schema.ts';
import { openedPlanOf, storedPlanOf } from '../../../shared/schedule/stored-plan.ts';
import { loadDigestKey } from '../../../shared/secret/digest-key.ts';
import { type RewrapProgress, rewrap } from '../../../shared/secret/rewrap.ts';
import {
  baseKeyContext,
  madeKeyContext,
  previousKeyContext,
} from '../../../shared/secret/seal-context.ts';
import type { SealedStore } from '../../../shared/secret/sealed-store.ts';
import { createSealer, type Sealer } from '../../../shared/secret/sealer.ts';
import { databaseKinds } from '../../helpers/databases.ts';
import { planContext } from '../../helpers/factories.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { aFleet, planOf } from '../worker/fleet.ts';
import { useWorlds } from '../worker/worlds.ts';

/** The key of a world's own sealer. */
const former = new Secret(Buffer.alloc(32, 7).toString('base64'));
const next = new Secret(Buffer.alloc(32, 8).toString('base64'));
const onlyFormer = createSealer(former, random);
const onlyNext = createSealer(next, random);
const both = createSealer(next, random, [former]);
const path = 'IkeConfig.Psk';

/** What happens while a rewrap pauses. */
function aClock(...during: (() => Promise<unknown>)[]): FakeClock {
  const clock = new FakeClock();
  return Object.assign(clock, {
    sleep: async () => {
      await during.shift()?.();
    },
  });
}

describe.each(databaseKinds)('rewrap, $kind', ({ withDatabase }) => {
  const database = withDatabase();
  const open = useWorlds(database);
  const keyring = createPgKeyringStore(database);
  const store = createPgSealedStore(database);
  const changes: string[] = [];
  let jobId = '';

  /** Every envelope of the database, by where it stands. */
  async function envelopes(): Promise<readonly string[]> {
    const rows = await database.query(`
      SELECT sealed AS envelope FROM lanekeeper.keyring WHERE NOT starts_with(name, 'wrapped/')
      UNION ALL SELECT e.value FROM lanekeeper.intent i, jsonb_each_text(i.sealed_keys) e
      UNION ALL SELECT e.value FROM lanekeeper.change c, jsonb_each_text(c.sealed_base_keys) e`);
    return rows.map(({ envelope }) => String(envelope));
  }

  const setBase = (id: string, sealer: Sealer, isDone = false): Promise<unknown> => {
    const sealed = {
      [path]: sealer.seal(new Secret(`base of ${id}`), baseKeyContext(jobId, id, path)),
    };
    return database.query(
      `UPDATE lanekeeper.change
          SET sealed_base_keys = $2::jsonb, finished_at = CASE WHEN $3 THEN lanekeeper.now() END
        WHERE id = $1`,
      [id, JSON.stringify(sealed), isDone],
    );
  };

  /** A job with a key of its own, changes whose bases are sealed, and a digest key; nobody works. */
  beforeEach(async () => {
    const world = await open({ simulator: { inventory: aFleet({ a: {}, b: {}, c: {} }) } });
    const job = await world.submit(
      planOf(['a', 'b', 'c'], { set: { IkeConfig: { Psk: 'theKeyOfThePlan1' } } }),
    );
    jobId = job.id;
    const rows = await database.query('SELECT id FROM lanekeeper.change ORDER BY id');
    changes.splice(0, changes.length, ...rows.map(({ id }) => String(id)));
    for (const id of changes) await setBase(id, onlyFormer, true);
    await loadDigestKey({ keyring, sealer: onlyFormer, random });
  });

  it('seals everything anew, so that the former key opens nothing and the new one all', async () => {
    const digestKey = await loadDigestKey({ keyring, sealer: onlyFormer, random });

    const report = await rewrap({ store, sealer: both, clock: aClock() });

    expect(report).toEqual({ rewrapped: 5, unopened: 0 });
    const after = await envelopes();
    expect(after).toHaveLength(5);
    for (const envelope of after) expect(envelope).toMatch(new RegExp(`^${onlyNext.sealedPrefix}`));
    expect(await loadDigestKey({ keyring, sealer: onlyNext, random })).toEqual(digestKey);
    await expect(loadDigestKey({ keyring, sealer: onlyFormer, random })).rejects.toThrow();
    const [row] = await store.sealedOtherwise({
      kind: 'change',
      sealedPrefix: 'x',
      after: null,
      limit: 1,
    });
    const [first = ''] = changes;
    expect(
      reveal(onlyNext.open(row?.envelopes[path] ?? '', baseKeyContext(jobId, first, path))),
    ).toBe(`base of ${first}`);
  });

  it('seals made and previous keys anew too, each bound to what it belongs to', async () => {
    const [changeId = ''] = changes;
    const contexts = {
      sealed_made_keys: madeKeyContext(jobId, changeId, path),
      sealed_previous_keys: previousKeyContext(jobId, changeId, path),
    };
    for (const [column, context] of Object.entries(contexts)) {
      const sealed = { [path]: onlyFormer.seal(new Secret(`key of ${column}`), context) };
      await database.query(`UPDATE lanekeeper.change SET ${column} = $2::jsonb WHERE id = $1`, [
        changeId,
        JSON.stringify(sealed),
      ]);
    }

    expect(await rewrap({ store, sealer: both, clock: aClock() })).toEqual({
      rewrapped: 7,
      unopened: 0,
    });

    for (const [column, context] of Object.entries(contexts)) {
      const [row] = await database.query(
        `SELECT ${column}->>$2 AS envelope FROM lanekeeper.change WHERE id = $1`,
        [changeId, path],
      );
      const opened = onlyNext.open(String(row?.envelope), context);
      expect(reveal(opened)).toBe(`key of ${column}`);
    }
  });

  it('finds nothing to do the second time', async () => {
    await rewrap({ store, sealer: both, clock: aClock() });
    const before = await envelopes();

    expect(await rewrap({ store, sealer: both, clock: aClock() })).toEqual({
      rewrapped: 0,
      unopened: 0,
    });
    expect(await envelopes()).toEqual(before);
  });

  it('goes on after it was stopped anywhere', async () => {
    let left = 2;
    const dying: SealedStore = {
      ...store,
      replace: (rows) => {
        left -= 1;
        return left < 0 ? Promise.reject(new Error('killed')) : store.replace(rows);
      },
    };
    await expect(rewrap({ store: dying, sealer: both, clock: aClock() })).rejects.toThrow('killed');
    expect((await envelopes()).some((each) => each.startsWith(onlyNext.sealedPrefix))).toBe(true);

    await rewrap({ store, sealer: both, clock: aClock() });

    for (const each of await envelopes()) expect(each).toContain(onlyNext.sealedPrefix);
  });

  it('works through more rows than one batch holds', async () => {
    await database.query(
      `INSERT INTO lanekeeper.intent (job_id, number, fields, sealed_keys)
       SELECT job_id, n, '{}', '{}' FROM lanekeeper.intent, generate_series(1, 450) n WHERE number = 0`,
    );
    const [{ jobId } = { jobId: '' }] = await database.query(
      'SELECT job_id AS "jobId" FROM lanekeeper.intent LIMIT 1',
    );
    const sealed = Array.from({ length: 450 }, (_, index) => ({
      number: index + 1,
      keys: { [path]: onlyFormer.seal(new Secret('k'), `job:${jobId}/intent:${index + 1}`) },
    }));
    await database.query(
      `UPDATE lanekeeper.intent i SET sealed_keys = s.keys
         FROM jsonb_to_recordset($1::jsonb) AS s(number int, keys jsonb) WHERE i.number = s.number`,
      [JSON.stringify(sealed)],
    );

    expect(await rewrap({ store, sealer: both, clock: aClock() })).toEqual({
      rewrapped: 455,
      unopened: 0,
    });
  });

  it('waits for changes under way, and seals anew what a worker writes back meanwhile', async () => {
    const [busy = ''] = changes;
    await setBase(busy, onlyFormer);
    const told: RewrapProgress[] = [];

    const report = await rewrap({
      store,
      sealer: both,
      onProgress: (progress) => told.push(progress),
      clock: aClock(
        () => setBase(busy, onlyFormer),
        () => setBase(busy, onlyFormer, true),
      ),
    });

    expect(told.map(({ waitingFor }) => waitingFor)).toEqual([1, 1, 0]);
    expect(report).toEqual({ rewrapped: 6, unopened: 0 });
    for (const each of await envelopes()) expect(each).toContain(onlyNext.sealedPrefix);
  });

  it('does not touch what somebody else changed in between', async () => {
    const [id = ''] = changes;
    const [row] = await store.sealedOtherwise({
      kind: 'change',
      sealedPrefix: both.sealedPrefix,
      after: null,
      limit: 1,
    });
    if (!row) throw new Error('nothing was found');
    await setBase(id, both);
    const written = await envelopes();

    expect(await store.replace([{ ...row, by: { [path]: 'stale' } }])).toBe(0);

    expect(await envelopes()).toEqual(written);
  });

  it('leaves what neither key opens, and counts it', async () => {
    const [lost = ''] = changes;
    await setBase(
      lost,
      createSealer(new Secret(Buffer.alloc(32, 1).toString('base64')), random),
      true,
    );

    expect(await rewrap({ store, sealer: both, clock: aClock() })).toEqual({
      rewrapped: 4,
      unopened: 1,
    });
  });

  it('gives up when something goes on sealing with the former key', async () => {
    const [id = ''] = changes;
    const again = () => setBase(id, onlyFormer, true);
    const stubborn: SealedStore = {
      ...store,
      async sealedOtherwise(query) {
        if (query.kind === 'keyring') await again();
        return store.sealedOtherwise(query);
      },
    };

    await expect(rewrap({ store: stubborn, sealer: both, clock: aClock() })).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('seals every set of a schedule anew, and its plan opens as it was', async () => {
    const written = {
      title: 'each its own',
      targets: ['a', 'b'].map((name) => ({
        regionId: 'cn-hangzhou',
        vpnConnectionId: `vco-${name}`,
        set: { IkeConfig: { Psk: `theKeyOfTarget${name}` } },
      })),
      set: { IkeConfig: { Psk: 'theKeyOfThePlan1' } },
    };
    const { plan, ...settings } = parseSchedule({ cron: '0 2 * * *', plan: written }, planContext);
    const schedules = createPgScheduleStore(database);
    const schedule = { ...settings, name: 'nightly', updatedBy: 'ops' };
    await schedules.put(
      { ...schedule, plan: storedPlanOf(onlyFormer, 'nightly', plan) },
      () => null,
    );

    expect(await rewrap({ store, sealer: both, clock: aClock() })).toEqual({
      rewrapped: 8,
      unopened: 0,
    });
    const stored = await schedules.get('nightly');
    expect(stored && openedPlanOf(onlyNext, stored, planContext)).toEqual(plan);
  });

  it('leaves keys alone that a master key wraps', async () => {
    await keyring.putIfAbsent('wrapped/key-1', 'as KMS gave it');

    expect(await rewrap({ store, sealer: both, clock: aClock() })).toMatchObject({ unopened: 0 });

    expect(await keyring.get('wrapped/key-1')).toBe('as KMS gave it');
  });

  it('knows every column that holds something sealed', async () => {
    const rows = await database.query(
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
        WHERE table_schema = 'lanekeeper' AND column_name LIKE '%sealed%' ORDER BY 1`,
    );

    expect(rows.map(({ name }) => name)).toEqual([
      'change.sealed_base_keys',
      'change.sealed_made_keys',
      'change.sealed_previous_keys',
      'intent.sealed_keys',
      'keyring.sealed',
      'schedule.sealed_sets',
    ]);
  });
});

describe.each(databaseKinds)('rewrap while workers run, $kind', ({ withDatabase }) => {
  const database = withDatabase();
  const open = useWorlds(database);

  it('lets jobs end that were accepted and under way with the former key', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const world = await open({
      simulator: {
        inventory: aFleet(Object.fromEntries(names.map((name) => [name, {}]))),
        settleMs: { min: 40_000, max: 40_000 },
      },
    });
    const plan = planOf(names, { set: { IkeConfig: { Psk: 'theKeyOfThePlan1' } } });
    const { id } = await world.submit(plan);
    await world.drain(world.worker(), 20_000);
    const store = createPgSealedStore(database);
    expect((await store.underWay(null)).length).toBeGreaterThan(0);

    const working = world.drain(world.worker({ sealer: both }));
    const report = await rewrap({ store, sealer: both, clock: world.clock });
    await working;
    await world.drain(world.worker({ sealer: onlyNext }));

    expect(report.rewrapped).toBeGreaterThan(1);
    expect((await world.jobs.get(id))?.state).toBe('succeeded');
    for (const kind of ['intent', 'change'] as const) {
      const { sealedPrefix } = onlyNext;
      expect(await store.sealedOtherwise({ kind, sealedPrefix, after: null, limit: 9 })).toEqual(
        [],
      );
    }
  });
});
