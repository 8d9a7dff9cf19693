import { beforeEach, describe, expect, it } from 'vitest';
import { createPgJobStore } from '../../../shared/adapters/postgres/job-store.ts';
import { ChainedEvent } from '../../../shared/journal/chain.ts';
import { jobLaneOf } from '../../../shared/journal/journal-store.ts';
import { verifyExport } from '../../../shared/journal/verify-export.ts';
import { KeySet } from '../../../shared/progress/journal-routes.ts';
import { createTestApp } from '../../helpers/apps.ts';
import { withPostgres } from '../../helpers/databases.ts';
import { streamOf } from '../../helpers/factories-journal.ts';
import { aFleet, aPair, planOf } from '../worker/fleet.ts';
import { useWorlds } from '../worker/worlds.ts';

const mebibyte = 1024 * 1024;

describe('the journal of a job', () => {
  const database = withPostgres();
  const open = useWorlds(database);
  let get: ReturnType<typeof createTestApp>['get'];

  beforeEach(() => {
    ({ get } = createTestApp(database));
  });

  /** All pages, one after the other, and how many bytes each had. */
  async function exported(path: string): Promise<{ lines: string[]; sizes: number[] }> {
    const lines: string[] = [];
    const sizes: number[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const response = await get(next);
      expect(response.headers.get('Content-Type')).toBe('application/x-ndjson');
      const text = await response.text();
      sizes.push(Buffer.byteLength(text));
      lines.push(...text.split('\n').filter((line) => line !== ''));
      next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('Link') ?? '')?.[1];
    }
    return { lines, sizes };
  }

  async function finishedJob(): Promise<string> {
    const inventory = aFleet({ 'a@1': {}, 'b@1': {}, 'c@2': aPair('c') });
    const world = await open({ simulator: { inventory } });
    const set = { IkeConfig: { Psk: 'newKey0123456789', IkeEncAlg: 'aes256' } };
    const { id } = await world.submit(planOf(['a', 'b', 'c'], { set, acceptOutage: true }));
    await world.drain();
    return id;
  }

  async function keySet() {
    return KeySet.parse(await (await get('/v1/keys')).json()).keys;
  }

  it('is pending while the job runs, and verified when it has ended', async () => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': {} }) } });
    const { id } = await world.submit(planOf(['a'], { set: { EnableDpd: false } }));
    const pending = await get(`/v1/jobs/${id}/verification`);
    const noKeys = await get('/v1/keys');
    await world.drain();
    const verified = await get(`/v1/jobs/${id}/verification`);

    expect([pending.status, await pending.json()]).toEqual([
      202,
      { jobId: id, state: 'resolving' },
    ]);
    expect(await noKeys.json()).toEqual({ keys: [] });
    expect(verified.status).toBe(200);
    expect(await verified.json()).toMatchObject({
      holds: true,
      checks: expect.arrayContaining([expect.objectContaining({ promise: 'P3', examined: 1 })]),
    });
  });

  it('asks to come again between the end and the seal', async () => {
    const id = await finishedJob();
    await database.query('DELETE FROM lanekeeper.seal WHERE job_id = $1', [id]);

    const response = await get(`/v1/jobs/${id}/verification`);

    expect(response.status).toBe(202);
    expect(response.headers.get('Retry-After')).toBe('1');
  });

  it('holds as it is exported, in pages of any size', async () => {
    const id = await finishedJob();
    const whole = await exported(`/v1/jobs/${id}/journal`);
    const paged = await exported(`/v1/jobs/${id}/journal?limit=2`);
    const { sealed, verification } = await verifyExport(streamOf(whole.lines), await keySet());

    expect(verification.checks.filter(({ holds }) => !holds)).toEqual([]);
    expect(sealed?.seal).toMatchObject({ jobId: id, state: 'succeeded', changes: 3 });
    expect(paged.lines).toEqual(whole.lines);
    expect(paged.sizes.length).toBe(Math.ceil((whole.lines.length - 1) / 2));
    expect(whole.sizes).toHaveLength(1);
    expect(whole.lines.join()).not.toContain('newKey0123456789');
  });

  it('is found altered when somebody reached around the service after the seal', async () => {
    const id = await finishedJob();
    await database.script(`
      ALTER TABLE lanekeeper.journal DISABLE TRIGGER append_only;
      UPDATE lanekeeper.journal SET at = at + interval '1 millisecond' WHERE kind = 'prepared';
      ALTER TABLE lanekeeper.journal ENABLE TRIGGER append_only;`);

    const { lines } = await exported(`/v1/jobs/${id}/journal`);

    expect((await verifyExport(streamOf(lines), await keySet())).verification.holds).toBe(false);
  });

  it('is found altered by the worker when somebody reached around it before the seal', async () => {
    const id = await finishedJob();
    await database.script(`
      DELETE FROM lanekeeper.seal;
      DELETE FROM lanekeeper.journal WHERE kind = 'finished' AND change_id = (SELECT min(id) FROM lanekeeper.change);
      INSERT INTO lanekeeper.lane (lane_key, kind, region_id, due_at)
      VALUES ('${jobLaneOf(id)}', 'job', '', lanekeeper.now());`);
    const world = await open({ simulator: { inventory: aFleet({}) } });
    await world.drain();

    const response = await get(`/v1/jobs/${id}/verification`);

    expect(await response.json()).toMatchObject({ holds: false });
    await database.query('DELETE FROM lanekeeper.seal');
  });

  it('comes in pages of at most 4 MiB', async () => {
    const id = await finishedJob();
    await database.query(
      `INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
       SELECT c.id, c.events + n, c.job_id, lanekeeper.now(), 'waiting',
              ('{"text":' || to_json(repeat('ö"', 40000)) || '}')::json
         FROM lanekeeper.change c CROSS JOIN generate_series(1, 60) AS n
        WHERE c.job_id = $1 ORDER BY c.id, n`,
      [id],
    );

    const { lines, sizes } = await exported(`/v1/jobs/${id}/journal`);

    const events = lines.slice(0, -1).map((line) => ChainedEvent.parse(JSON.parse(line)));
    expect(events.filter(({ kind }) => kind === 'waiting')).toHaveLength(180);
    expect(sizes.length).toBeGreaterThan(4);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4 * mebibyte);
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(3.7 * mebibyte);
  });

  it.each(['limit=0', 'limit=10001', 'cursor=x', 'state=failed'])('refuses ?%s', async (query) => {
    const id = await finishedJob();

    const response = await get(`/v1/jobs/${id}/journal?${query}`);

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_request' });
  });

  it('is not there for jobs that are not', async () => {
    const { id } = { id: 'job_01KAJ0Q2Z5B4T7E9V3X6M8N1PR' };

    expect(await createPgJobStore(database).get(id)).toBeNull();
    expect((await get(`/v1/jobs/${id}/journal`)).status).toBe(404);
    expect((await get(`/v1/jobs/${id}/verification`)).status).toBe(404);
  });

  it('is for viewers', async () => {
    const id = 'job_01KAJ0Q2Z5B4T7E9V3X6M8N1PR';
    for (const path of [`/v1/jobs/${id}/journal`, `/v1/jobs/${id}/verification`, '/v1/keys']) {
      expect((await get(path, { Authorization: '' })).status).toBe(401);
    }
  });
});
