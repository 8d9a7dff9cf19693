import { z } from 'zod';
import { changeStates, isFinalChange } from '../../change/state.ts';
import type { Due, LaneUpdate } from '../../lane/lane-store.ts';
import type { Query } from './database.ts';

/** Whether the lane carries what one change does off its own lane. */
export function isErrand({ laneKey }: { laneKey: string }): boolean {
  return laneKey.startsWith('change:');
}

/** Whether the errand is over with this update: nothing is left, or its change goes on on the lane that it was on. */
export function endsErrand(update: LaneUpdate): boolean {
  const { kind } = update.afterwards;
  return isErrand(update) && kind !== 'keep' && kind !== 'release';
}

/** Jobs of changes that were over and had something told of them: what was sealed is to be sealed again. */
export function toldLate(updates: readonly LaneUpdate[]): readonly string[] {
  const late = updates.flatMap((update) => {
    const { change, events } = update;
    const isLate = isErrand(update) && change !== null && isFinalChange(change.state);
    return isLate && events.length > 0 ? [change.jobId] : [];
  });
  return [...new Set(late)];
}

const StateRow = z.object({ id: z.string(), state: z.enum(changeStates) });

/**
 * Locks the jobs of errands before their changes are written, since a change that is not in flight may be cancelled under its
 * job's lock alone, and all others that the same transaction may lock later, so that the order of ids is kept. Answers with the
 * lanes of changes that were ended meanwhile: what their errands found out is void. Those are due at once, for whoever tidies up.
 */
export async function lockErrandJobs(
  run: Query,
  updates: readonly LaneUpdate[],
): Promise<ReadonlySet<string>> {
  const errands = updates.filter(isErrand);
  if (errands.length === 0) return new Set();
  const ids = updates.flatMap(({ change }) => change?.id ?? []);
  await run(
    `WITH c AS (SELECT job_id, lane_key FROM lanekeeper.change WHERE id = ANY ($1)),
          l AS (SELECT lane_key FROM c UNION SELECT unnest($2::text[]))
     SELECT 1 FROM lanekeeper.job WHERE id = ANY (ARRAY(
            SELECT job_id FROM c
             UNION SELECT lj.job_id FROM lanekeeper.lane_job lj JOIN l USING (lane_key)
             UNION SELECT w.job_id FROM lanekeeper.change w JOIN l USING (lane_key) WHERE w.resume_at IS NOT NULL))
      ORDER BY id FOR UPDATE`,
    [ids, updates.map(({ laneKey }) => laneKey)],
  );
  const rows = await run('SELECT id, state FROM lanekeeper.change WHERE id = ANY ($1)', [ids]);
  const states = new Map(rows.map((row) => StateRow.parse(row)).map((row) => [row.id, row.state]));
  const gone = errands.flatMap(({ laneKey, change }) => {
    const state = states.get(change?.id ?? '');
    return state && isFinalChange(state) && state !== change?.state ? [laneKey] : [];
  });
  if (gone.length > 0) {
    await run(
      `UPDATE lanekeeper.lane SET due_at = lanekeeper.now(), worker = NULL, epoch = epoch + 1 WHERE lane_key = ANY ($1)`,
      [gone],
    );
  }
  return new Set(gone);
}

/**
 * Opens and closes errands as the updates say. An epoch begins where no earlier errand of the change can have come to, so that
 * whoever still believes to hold that one is fenced off.
 */
export async function writeErrands(
  run: Query,
  updates: readonly LaneUpdate[],
  dueAt: string,
): Promise<void> {
  const over = updates.filter(endsErrand).map(({ laneKey }) => laneKey);
  const opened = updates.flatMap(({ change, errand }) =>
    change && errand ? [{ changeId: change.id, ...errand }] : [],
  );
  await Promise.all([
    over.length > 0 && run('DELETE FROM lanekeeper.lane WHERE lane_key = ANY ($1)', [over]),
    opened.length > 0 && openErrands(run, opened, dueAt),
  ]);
}

function openErrands(
  run: Query,
  opened: readonly ({ changeId: string } & Due)[],
  dueAt: string,
): Promise<unknown> {
  return run(
    `INSERT INTO lanekeeper.lane AS l (lane_key, kind, region_id, due_at, epoch, change_id)
     SELECT 'change:' || c.id, 'change', c.region_id, ${dueAt},
            (extract(epoch FROM lanekeeper.now()) * 1000)::bigint + c.events, c.id
       FROM jsonb_to_recordset($1::jsonb) AS r("changeId" text, "dueInMs" double precision, "tickMs" double precision)
       JOIN lanekeeper.change c ON c.id = r."changeId"
      ORDER BY c.id
     ON CONFLICT (lane_key) DO UPDATE
        SET due_at = excluded.due_at, worker = NULL, epoch = greatest(l.epoch + 1, excluded.epoch)`,
    [JSON.stringify(opened)],
  );
}

/**
 * Opens errands for those of some changes (a common table expression) that were ended on their way back to their lanes: there is
 * none then, and what was delivered for them is to be withdrawn. The epoch is as above.
 */
export function openErrandsOf(changes: string): string {
  return `
     INSERT INTO lanekeeper.lane (lane_key, kind, region_id, due_at, epoch, change_id)
     SELECT 'change:' || e.id, 'change', e.region_id, lanekeeper.now(),
            (extract(epoch FROM lanekeeper.now()) * 1000)::bigint + e.events, e.id
       FROM ${changes} e
      WHERE jsonb_path_exists(e.handover, '$.deliveries[*] ? (@.stage == "open" || @.stage == "done")')
      ORDER BY e.id
     ON CONFLICT (lane_key) DO NOTHING`;
}

/**
 * Erases the keys of changes that are kept no longer, except where a worker is just writing to one or has something left to do for
 * it, and those of their wishes once no change can come back to them: no selector is left to be resolved, all that share one have
 * ended well, and the last of them has let go of its keys. One at a time: two that each erase for one of the last changes of a wish
 * would each leave the wish to the other.
 */
export async function eraseKeys(run: Query): Promise<number> {
  await run(`SELECT pg_advisory_xact_lock(hashtext('lanekeeper keys'))`);
  const rows = await run(
    `WITH e AS (
       UPDATE lanekeeper.change
          SET sealed_base_keys = '{}', sealed_made_keys = '{}', sealed_previous_keys = '{}', keys_kept_until = NULL
        WHERE id = ANY (ARRAY(
              SELECT id FROM lanekeeper.change c
               WHERE keys_kept_until <= lanekeeper.now()
                 AND NOT EXISTS (SELECT 1 FROM lanekeeper.lane l WHERE l.lane_key = 'change:' || c.id)
               ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED))
       RETURNING id, job_id, intent_number),
     i AS (
       UPDATE lanekeeper.intent i SET sealed_keys = '{}'
         FROM (SELECT DISTINCT job_id, intent_number FROM e) AS w
        WHERE i.job_id = w.job_id AND i.number = w.intent_number AND i.sealed_keys <> '{}'
          AND NOT EXISTS (
              SELECT 1 FROM lanekeeper.job_selector s
               WHERE s.job_id = i.job_id AND s.intent_number = i.number AND (s.resolved_at IS NULL OR s.refusal IS NOT NULL))
          AND NOT EXISTS (
              SELECT 1 FROM lanekeeper.change c
               WHERE c.job_id = i.job_id AND c.intent_number = i.number
                 AND (c.state NOT IN ('succeeded', 'unchanged', 'skipped') OR c.verdict IN ('latent', 'refuted')
                      OR (c.keys_kept_until IS NOT NULL AND c.id NOT IN (SELECT id FROM e)))))
     SELECT id FROM e`,
  );
  return rows.length;
}
