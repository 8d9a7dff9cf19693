import { z } from 'zod';
import { changeStates, changeSteps } from '../../change/state.ts';
import {
  type ChangeVerb,
  type ChangeVerbOutcome,
  type ChangeVerbs,
  effectOnChange,
} from '../../job/change-verbs.ts';
import type { Order } from '../../job/job-verbs.ts';
import { jobStates } from '../../job/state.ts';
import { canonicalJson } from '../../platform/canonical.ts';
import { keptUntil } from './cancel-waiting.ts';
import { freedLanes } from './companions.ts';
import type { Database, Query } from './database.ts';
import { openErrandsOf } from './errands.ts';
import { changeViewOf } from './job-store.ts';
import { type Move, moveJobs } from './move-jobs.ts';
import { type ConnectionKey, readyNext } from './ready-next.ts';
import { wakeLanes } from './write-lanes.ts';

const SteeredRow = z.object({
  jobId: z.string(),
  seq: z.number(),
  laneKey: z.string().nullable(),
  regionId: z.string(),
  vpnConnectionId: z.string(),
  state: z.enum(changeStates),
  step: z.enum(changeSteps).nullable(),
  isHalfDone: z.boolean(),
  isReleased: z.boolean(),
  jobState: z.enum(jobStates),
  isStopping: z.boolean(),
});
type Steered = z.infer<typeof SteeredRow>;

/** A change and the job that it is said to be of. */
interface Named {
  jobId: string;
  changeId: string;
}

/** What an order did, and lanes that have work now and must be woken after the commit. */
interface Ordered {
  outcome: Exclude<ChangeVerbOutcome, { kind: 'done' }> | { kind: 'done' };
  wake: readonly string[];
}

/**
 * Verbs on single changes on PostgreSQL. Everything that stands on the change's connection is locked first, lanes before jobs:
 * whoever starts, ends or releases something there comes before or after. A change of a job that is not released has no place
 * there yet: its job's lock guards it alone, as it does whoever releases the job.
 */
export function createPgChangeVerbs(database: Database): ChangeVerbs {
  return {
    async order(named, verb, order) {
      let ordered: Ordered | null = null;
      // Null: its job was released meanwhile, so that other locks guard it now.
      while (ordered === null) {
        ordered = await database.transaction((run) => carryOut(run, named, verb, order));
      }
      const { outcome, wake } = ordered;
      if (wake.length > 0) await wakeLanes(database.query, wake);
      if (outcome.kind !== 'done') return outcome;
      const change = await changeViewOf(database.query, named);
      return change ? { kind: 'done', change } : { kind: 'not_found' };
    },
  };
}

async function carryOut(
  run: Query,
  named: Named,
  verb: ChangeVerb,
  order: Order,
): Promise<Ordered | null> {
  const before = await readSteered(run, named);
  if (before === null) return { outcome: { kind: 'not_found' }, wake: [] };
  if (before.isReleased) await lockConnection(run, named.changeId);
  else await run('SELECT 1 FROM lanekeeper.job WHERE id = $1 FOR UPDATE', [named.jobId]);
  const change = await readSteered(run, named);
  if (change?.isReleased === true && !before.isReleased) return null;
  if (change === null) return { outcome: { kind: 'not_found' }, wake: [] };
  const { jobState: state, isStopping, laneKey, ...rest } = change;
  const effect = effectOnChange(verb, {
    ...rest,
    isResolved: laneKey !== null,
    job: { state, isStopping },
  });
  if (effect === 'nothing') return { outcome: { kind: 'done' }, wake: [] };
  if (effect !== 'apply') {
    return { outcome: { kind: 'conflict', reason: effect.conflict }, wake: [] };
  }
  const wake = await apply[verb](run, named, change, order);
  return { outcome: { kind: 'done' }, wake };
}

/** Locks the lanes on which the change's connection stands, then the jobs that have something on it, its own among them. */
async function lockConnection(run: Query, changeId: string): Promise<void> {
  const onConnection = `
    lanekeeper.change c JOIN lanekeeper.change o
      ON o.region_id = c.region_id AND o.vpn_connection_id = c.vpn_connection_id
     AND (o.finished_at IS NULL OR o.id = c.id)`;
  await run(
    `SELECT 1 FROM lanekeeper.lane WHERE lane_key = ANY (ARRAY(
       SELECT o.lane_key FROM ${onConnection} WHERE c.id = $1 UNION SELECT 'change:' || $1))
      ORDER BY lane_key FOR UPDATE`,
    [changeId],
  );
  await run(
    `SELECT 1 FROM lanekeeper.job WHERE id = ANY (ARRAY(
       SELECT o.job_id FROM ${onConnection} WHERE c.id = $1 AND (o.released OR o.id = c.id)))
      ORDER BY id FOR UPDATE`,
    [changeId],
  );
}

async function readSteered(run: Query, { jobId, changeId }: Named): Promise<Steered | null> {
  const [row] = await run(
    `SELECT c.job_id AS "jobId", c.seq, c.lane_key AS "laneKey", c.region_id AS "regionId",
            c.vpn_connection_id AS "vpnConnectionId", c.state, c.step, (c.settled_attempts > 0 OR c.handover->>'direction' = 'back') AS "isHalfDone",
            c.released AS "isReleased", j.state AS "jobState", j.stopping AS "isStopping"
       FROM lanekeeper.change c JOIN lanekeeper.job j ON j.id = c.job_id WHERE c.id = $1 AND c.job_id = $2`,
    [changeId, jobId],
  );
  return row ? SteeredRow.parse(row) : null;
}

type Apply = (
  run: Query,
  named: Named,
  change: Steered,
  order: Order,
) => Promise<readonly string[]>;

const apply: Readonly<Record<ChangeVerb, Apply>> = { retry, skip };

/** Some objects that were judged, with what was found out about all those that are not proved taken back. */
const unjudged = (objects: string, blank: string): string => `(
  SELECT coalesce(jsonb_agg(CASE WHEN e.o->>'verdict' = 'proved' THEN e.o ELSE e.o || '${blank}' END ORDER BY e.n), '[]')
    FROM jsonb_array_elements(${objects}) WITH ORDINALITY AS e(o, n))`;

/**
 * What a change handed over when it is tried again: what the cloud has of it, which is still to be proved, and no more. What was seen
 * before the first handing over is remembered: the other side may have let go of its old values since.
 */
const handoverAnew = `jsonb_build_object(
  'direction', 'forth', 'previous', handover->'previous',
  'deliveries', jsonb_path_query_array(handover, '$.deliveries[*] ? (@.isApplied == true && @.direction == "forth")'),
  'proof', CASE WHEN handover->'proof'->>'direction' = 'forth'
                THEN handover->'proof' || jsonb_build_object('subjects', ${unjudged(
                  "handover->'proof'->'subjects'",
                  '{"verdict":null,"downSince":null}',
                )}) END)`;

/**
 * The change waits again, with the plan's wish and its base as they are, as if it had never been tried; that it was refused
 * once more makes its next request another one, with another token.
 */
async function retry(
  run: Query,
  { jobId, changeId }: Named,
  change: Steered,
  order: Order,
): Promise<readonly string[]> {
  await run(
    `WITH c AS (
       UPDATE lanekeeper.change
          SET state = 'queued', step = NULL, released = true, ready = false, attempts = 0, settled_attempts = 0,
              refusals = refusals + 1, request_digest = NULL, client_token = NULL, part = NULL, last_error = NULL,
              verdict = NULL, handover = ${handoverAnew}, tunnels = ${unjudged('tunnels', '{"verdict":null}')},
              started_at = NULL, sent_at = NULL, part_applied_at = NULL, finished_at = NULL, keys_kept_until = NULL, events = events + 1
        WHERE id = $1
       RETURNING *),
     journal AS (
       INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
       SELECT c.id, c.events, c.job_id, lanekeeper.now(), 'retried', $2::json FROM c),
     errand AS (DELETE FROM lanekeeper.lane WHERE lane_key = 'change:' || $1),
     later AS ( -- What stands behind it steps back where it has not begun.
       UPDATE lanekeeper.change l SET ready = false
         FROM c
        WHERE l.region_id = c.region_id AND l.vpn_connection_id = c.vpn_connection_id AND l.finished_at IS NULL
          AND l.ready AND l.state = 'queued' AND (l.position, l.seq) > (c.position, c.seq))
     INSERT INTO lanekeeper.lane_job AS lj (lane_key, job_id, waiting)
     SELECT c.lane_key, c.job_id, 1 FROM c
     ON CONFLICT (lane_key, job_id) DO UPDATE SET waiting = lj.waiting + 1`,
    [changeId, canonicalJson({ ...order })],
  );
  return settle(run, change, { jobId, seq: change.seq, from: change.state, to: 'queued' });
}

/** The change is over; a worker that held it for a first read loses its lane, which takes the next one. */
async function skip(
  run: Query,
  { jobId, changeId }: Named,
  change: Steered,
  order: Order,
): Promise<readonly string[]> {
  await run(
    `WITH c AS (
       UPDATE lanekeeper.change c
          SET state = 'skipped', step = NULL, ready = false, finished_at = lanekeeper.now(), events = events + 1,
              keys_kept_until = ${keptUntil}
        WHERE id = $1
       RETURNING *),
     journal AS (
       INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
       SELECT c.id, c.events, c.job_id, lanekeeper.now(), 'finished', $2::json FROM c),
     fenced AS (
       UPDATE lanekeeper.lane l
          SET epoch = l.epoch + 1, worker = NULL, due_at = lanekeeper.now(),
              change_id = CASE WHEN l.kind = 'change' THEN l.change_id END -- what was delivered is to be withdrawn
         FROM c WHERE l.lane_key IN (c.lane_key, 'change:' || c.id) AND l.change_id = c.id),
     opened AS (${openErrandsOf('c')})
     UPDATE lanekeeper.lane_job lj SET waiting = lj.waiting - 1
       FROM c WHERE lj.lane_key = c.lane_key AND lj.job_id = c.job_id AND $3`,
    [
      changeId,
      canonicalJson({ state: 'skipped', ...order }),
      change.isReleased && change.state === 'queued',
    ],
  );
  const wake = await settle(run, change, {
    jobId,
    seq: change.seq,
    from: change.state,
    to: 'skipped',
  });
  return [...wake, ...(await freedLanes(run, [changeId]))];
}

/** Counts the move, ends the job if that was its last change, and lets whoever is next on the connection take its turn. */
async function settle(
  run: Query,
  connection: ConnectionKey,
  move: Move,
): Promise<readonly string[]> {
  const jobs = await moveJobs(run, { moves: [move], laneKeys: [], stops: [] });
  const ready = await readyNext(run, [connection, ...jobs.freed]);
  const unparked = await jobs.finish(run, []);
  return [...ready, ...unparked];
}
