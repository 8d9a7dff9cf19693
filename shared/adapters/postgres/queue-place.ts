import { z } from 'zod';
import { mostCounted, type QueuePlace } from '../../job/queue-place.ts';
import { isNotFrozenAs } from './freeze-store.ts';
import { HoldRow, holdColumn } from './rows.ts';

const AheadRow = z
  .object({ id: z.string(), jobId: z.string(), others: z.number(), isHeld: z.boolean() })
  .nullable();

/** What stands before a change, as {@link queuePlace} gives it. */
export const QueuePlaceRow = z
  .object({
    hold: HoldRow.nullable(),
    batch: z
      .object({
        number: z.number(),
        of: z.number(),
        left: z.number(),
        rounds: z.number().nullable(),
        pauses: z.boolean(),
      })
      .nullable(),
    connectionAhead: AheadRow,
    laneAhead: AheadRow,
    slots: z.object({ inFlight: z.number(), limit: z.number(), ahead: z.number() }).nullable(),
    settleMs: z.coerce.number().nullable(),
  })
  .nullable() satisfies z.ZodType<QueuePlace | null>;

/**
 * The first of some changes `w`, the nearest first, how many others there are, and whether one is `held`. Read from the end of an index that has this
 * order, and no further than so many.
 */
function nearest(those: string): string {
  return `(
    SELECT json_build_object('id', (array_agg(w.id))[1], 'jobId', (array_agg(w.job_id))[1], 'others', count(*) - 1,
                             'isHeld', bool_or(w.held))
      FROM (${those} LIMIT ${mostCounted}) AS w
    HAVING count(*) > 0)`;
}

const isBefore = '(w.position, w.seq) < (c.position, c.seq)';

const aheadOnConnection = nearest(`
  SELECT w.id, w.job_id, w.state IN ('delivering', 'verifying')
         OR jsonb_path_exists(w.handover, '$.deliveries[*]') OR jsonb_path_exists(w.handover, '$.proof.subjects[*]')
         OR EXISTS (SELECT FROM lanekeeper.job wj
                     WHERE wj.id = w.job_id AND (wj.state <> 'running' OR w.seq >= wj.open_until)) AS held
    FROM lanekeeper.change w
   WHERE w.region_id = c.region_id AND w.vpn_connection_id = c.vpn_connection_id AND w.finished_at IS NULL
     AND (w.released OR w.job_id = c.job_id) AND ${isBefore}
   ORDER BY w.position DESC, w.seq DESC`);

/** Those whose turn comes first as things are: what a pause, a batch or a freeze holds back lets others pass. */
const aheadOnLane = nearest(`
  SELECT w.id, w.job_id, false AS held
    FROM lanekeeper.lane_job lj
    JOIN lanekeeper.job wj ON wj.id = lj.job_id AND wj.state = 'running' AND NOT wj.stopping
   CROSS JOIN LATERAL (
         SELECT w.id, w.job_id, w.position, w.seq FROM lanekeeper.change w
          WHERE w.lane_key = lj.lane_key AND w.job_id = lj.job_id AND w.state = 'queued' AND w.ready
            AND w.seq < coalesce(wj.open_until, 2147483647) AND ${isBefore} AND ${isNotFrozenAs('w')}
          ORDER BY w.seq DESC LIMIT ${mostCounted}) AS w
   WHERE lj.lane_key = c.lane_key
   ORDER BY w.position DESC, w.seq DESC`);

const inFlight = 'j.applying + j.settling + j.rolling_back';
const limit = 'coalesce(j.slot_limit, j.max_in_flight)';

/** Milliseconds on average of those kinds of changes, of the histogram that all workers fill; NULL when nothing was measured. */
export const settleMsOf = (isKind: string): string => `(
  SELECT 1000 * sum(t.value) FILTER (WHERE t.name = 'settle_seconds_sum')
              / nullif(sum(t.value) FILTER (WHERE t.name = 'settle_seconds_bucket'), 0)
    FROM lanekeeper.tally t
   WHERE t.name IN ('settle_seconds_sum', 'settle_seconds_bucket')
     AND ${isKind})`;

/** The kind of a change `c` in that histogram. */
export const settleKind = `CASE c.attach_type WHEN 'VPNGW' THEN 'gateway' ELSE 'attachment' END`;
const settleMs = settleMsOf(`t.labels->>'of' = ${settleKind}`);

const batchesBefore = 'FROM unnest(j.batches) AS b(bound) WHERE b.bound <= c.seq';

/** One batch after the other: of the open one what is left, of those between it and the one of `c` all. NULL where others decide. */
const rounds = `(
  SELECT CASE WHEN j.delivering + j.verifying = 0 THEN
           ceil(j.open_left::numeric / ${limit}) + coalesce(sum(ceil((b.bound - b.since)::numeric / ${limit})), 0) END
    FROM (SELECT bound, lag(bound) OVER (ORDER BY bound) AS since FROM unnest(j.batches) AS u(bound)) AS b
   WHERE b.bound > j.open_until AND b.bound <= c.seq)`;

/** What stands before a change `c` of job `j` that waits to begin; NULL when it does not. */
export const queuePlace = `
  CASE WHEN c.state = 'queued' THEN json_build_object(
    'hold', ${holdColumn},
    'batch', CASE WHEN c.seq >= j.open_until THEN json_build_object(
      'number', (SELECT count(*) + 1 ${batchesBefore}),
      'of', cardinality(j.batches), 'left', j.open_left, 'rounds', ${rounds},
      'pauses', j.batch_pause = 'every' OR (j.batch_pause = 'first' AND j.open_until = j.batches[1])) END,
    'connectionAhead', ${aheadOnConnection},
    'laneAhead', ${aheadOnLane},
    'slots', CASE WHEN ${inFlight} >= ${limit} THEN json_build_object(
      'inFlight', ${inFlight}, 'limit', ${limit}, 'ahead', j.queued - 1 + j.delivering + j.verifying) END,
    'settleMs', ${settleMs}) END AS queue`;
