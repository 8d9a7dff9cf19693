import type { ChangeError } from '../../change/record.ts';
import type { Query } from './database.ts';

/** Why a change is left: its own words are completed by the time and the job of the last rotation. */
const left: Pick<ChangeError, 'code' | 'class' | 'requestId'> = {
  code: 'RotatedSince',
  class: 'refused',
  requestId: null,
};

/**
 * Ends those changes of a resolved job as `skipped` whose connection had its key changed by a job of ours within the job's
 * `min_age` before its acceptance. Rotated means: a change that succeeded and was neither refuted nor taken back since, whose differences had
 * a key, and that did not bring an old one back.
 * Reads only what such connections finished since then, by `change_result`.
 */
export async function leaveRotated(run: Query, jobId: string): Promise<void> {
  await run(
    `WITH rotated AS (
       SELECT c.id, r.job_id, r.finished_at, j.min_age
         FROM lanekeeper.job j
         JOIN lanekeeper.change c ON c.job_id = j.id AND c.state = 'queued'
        CROSS JOIN LATERAL (
              SELECT r.job_id, r.finished_at FROM lanekeeper.change r JOIN lanekeeper.job o ON o.id = r.job_id
               WHERE r.region_id = c.region_id AND r.vpn_connection_id = c.vpn_connection_id
                 AND r.result_fingerprint IS NOT NULL AND r.state = 'succeeded'
                 AND r.verdict IS DISTINCT FROM 'refuted' AND o.rollback_of IS NULL
                 AND r.finished_at > j.created_at - j.min_age::interval
                 AND NOT EXISTS (
                     SELECT 1 FROM lanekeeper.change b JOIN lanekeeper.job bj ON bj.id = b.job_id
                      WHERE b.region_id = r.region_id AND b.vpn_connection_id = r.vpn_connection_id
                        AND b.result_fingerprint IS NOT NULL AND b.state = 'succeeded'
                        AND b.finished_at >= r.finished_at AND bj.rollback_of = r.job_id)
                 AND EXISTS (SELECT 1 FROM jsonb_array_elements(r.diff) AS d WHERE d ->> 'path' LIKE '%IkeConfig.Psk')
               ORDER BY r.finished_at DESC LIMIT 1) AS r
        WHERE j.id = $1),
     c AS (
       UPDATE lanekeeper.change c
          SET state = 'skipped', finished_at = lanekeeper.now(), events = c.events + 1,
              last_error = $2::jsonb || jsonb_build_object('message', format(
                'its key was changed at %s by %s; connections whose key is younger than %s are left',
                to_char(r.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), r.job_id, r.min_age))
         FROM rotated r WHERE c.id = r.id
       RETURNING c.id, c.events, c.job_id, c.last_error),
     journal AS (
       INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
       SELECT c.id, c.events, c.job_id, lanekeeper.now(), 'finished',
              ('{"error":{"class":"${left.class}","code":"${left.code}","message":' || to_json(c.last_error->>'message')
               || ',"requestId":null},"state":"skipped"}')::json
         FROM c)
     UPDATE lanekeeper.job j SET skipped = j.skipped + n.skipped, queued = j.queued - n.skipped
       FROM (SELECT count(*)::int AS skipped FROM c) AS n WHERE j.id = $1`,
    [jobId, JSON.stringify(left)],
  );
}
