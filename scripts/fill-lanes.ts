import type { Database } from '../shared/adapters/postgres/database.ts';

const jobs = 4;

/**
 * Replaces all jobs by four running ones with so many waiting changes on so many lanes, all due; two jobs on every lane. With `inFlight`
 * each may be backed up by others, and so many that do not are in flight.
 */
export async function fillLanes(
  database: Database,
  { inFlight = 0, ...size }: { changes: number; lanes: number; inFlight?: number },
): Promise<void> {
  await database.script(`
    TRUNCATE lanekeeper.change, lanekeeper.lane, lanekeeper.lane_job, lanekeeper.intent, lanekeeper.job CASCADE;
    INSERT INTO lanekeeper.job (id, title, state, created_at, created_by, plan, on_failure, max_errors, max_in_flight, total)
    SELECT 'job_' || j, '', 'running', now(), 'ops', '{}', 'stop', 0, 10, ${size.changes / jobs} FROM generate_series(0, ${jobs - 1}) AS j;
    INSERT INTO lanekeeper.lane (lane_key, kind, region_id, due_at)
    SELECT 'gateway:r/' || l, 'gateway', 'r', now() - interval '1 minute' FROM generate_series(0, ${size.lanes - 1}) AS l;
    INSERT INTO lanekeeper.change (id, job_id, seq, position, intent_number, region_id, vpn_connection_id, lane_key, released, ready)
    SELECT 'chg_' || n, 'job_' || (n / ${size.lanes} % 2 * 2 + n % 2), n, 1, 0, 'r', 'vco-' || n, 'gateway:r/' || n % ${size.lanes}, true, true
      FROM generate_series(0, ${size.changes - 1}) AS n;
    INSERT INTO lanekeeper.lane_job (lane_key, job_id, waiting)
    SELECT lane_key, job_id, count(*) FROM lanekeeper.change GROUP BY lane_key, job_id`);
  if (inFlight > 0) {
    await database.script(`
      INSERT INTO lanekeeper.change (id, job_id, seq, position, intent_number, region_id, vpn_connection_id, lane_key, released, state)
      SELECT 'chg_f' || n, 'job_0', -n, 1, 0, 'r', 'vco-f' || n, 'gateway:r/f' || n, true, 'settling' FROM generate_series(1, ${inFlight}) AS n;
      UPDATE lanekeeper.change
         SET customer_addresses = ARRAY[vpn_connection_id], network = lane_key, remote_subnets = '{10.0.0.0/24}', has_companions = true;
      UPDATE lanekeeper.job SET redundancy = 'groups', has_companions = true, meets_companions = true;
      REINDEX TABLE lanekeeper.change`);
  }
  for (const table of ['job', 'lane', 'lane_job', 'change'])
    await database.script(`VACUUM (ANALYZE) lanekeeper.${table}`);
}
