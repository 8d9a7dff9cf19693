import { expect } from 'vitest';
import { z } from 'zod';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { type ChangeState, changeStates, isFinalChange } from '../../shared/change/state.ts';

const finalList = changeStates
  .filter(isFinalChange)
  .map((state) => `'${state}'`)
  .join(', ');
const busy = `state IN ('applying', 'settling', 'rolling_back')`;
const places = `
  SELECT c.*, c.state <> 'queued' AS begun,
         row_number() OVER (PARTITION BY region_id, vpn_connection_id ORDER BY position, seq) AS place,
         count(*) FILTER (WHERE state <> 'queued') OVER (PARTITION BY region_id, vpn_connection_id) AS flying
    FROM lanekeeper.change c WHERE released AND finished_at IS NULL`;

/** What must hold in every snapshot, whoever is in the middle of what. Each gives the rows that break it. */
const rules: Record<string, string> = {
  'job counts are the states counted': `
    SELECT j.id FROM lanekeeper.job j WHERE (${changeStates.map((s) => `j.${s}`).join(', ')}) <> (
      SELECT ${changeStates.map((s) => `count(*) FILTER (WHERE c.state = '${s}')`).join(', ')}
        FROM lanekeeper.change c WHERE c.job_id = j.id)`,
  'no job has more in flight than it may': `
    SELECT id FROM lanekeeper.job WHERE applying + settling + rolling_back > max_in_flight`,
  'a resolved job is final exactly when all its changes are': `
    SELECT j.id FROM lanekeeper.job j WHERE j.state <> 'resolving' AND ((j.state IN ('succeeded', 'failed', 'cancelled')) IS DISTINCT FROM NOT EXISTS (
      SELECT 1 FROM lanekeeper.change c WHERE c.job_id = j.id AND c.state NOT IN (${finalList}))
        OR (j.finished_at IS NULL) = (j.state IN ('succeeded', 'failed', 'cancelled')))`,
  'a change has an end exactly when it is final': `
    SELECT id FROM lanekeeper.change WHERE (finished_at IS NOT NULL) <> (state IN (${finalList}))`,
  'a lane carries one change at most, and knows it': `
    SELECT c.id FROM lanekeeper.change c JOIN lanekeeper.lane l ON l.lane_key = c.lane_key
     WHERE c.${busy} AND l.change_id IS DISTINCT FROM c.id`,
  'a lane carries what is in flight': `
    SELECT l.lane_key FROM lanekeeper.lane l JOIN lanekeeper.change c ON c.id = l.change_id WHERE NOT c.${busy}`,
  'a connection has one change in flight at most': `SELECT id FROM (${places}) p WHERE flying > 1`,
  'the head of each connection is ready, and nothing else': `
    SELECT id FROM (${places}) p WHERE state = 'queued' AND ready <> (place = 1 AND flying = 0)`,
  'connections that back each other up are not in flight together': `
    SELECT a.id FROM lanekeeper.change a
      JOIN lanekeeper.change b ON lanekeeper.back_up_each_other(a, b)
      JOIN lanekeeper.job ja ON ja.id = a.job_id AND ja.redundancy = 'groups'
      JOIN lanekeeper.job jb ON jb.id = b.job_id AND jb.redundancy = 'groups'
     WHERE a.finished_at IS NULL AND a.state <> 'queued' AND b.finished_at IS NULL AND b.state <> 'queued'`,
  'what waits on each lane is counted': `
    SELECT lj.lane_key FROM lanekeeper.lane_job lj WHERE lj.waiting <> (
      SELECT count(*) FROM lanekeeper.change c
       WHERE c.lane_key = lj.lane_key AND c.job_id = lj.job_id AND c.released AND c.state = 'queued')`,
  'every job stands on the lanes where it has something to start': `
    SELECT c.id FROM lanekeeper.change c WHERE c.released AND c.state = 'queued' AND NOT EXISTS (
      SELECT 1 FROM lanekeeper.lane_job lj WHERE lj.lane_key = c.lane_key AND lj.job_id = c.job_id)`,
  'no lane waits for a slot that is free and promised to nobody': `
    SELECT lj.lane_key FROM lanekeeper.lane_job lj JOIN lanekeeper.job j ON j.id = lj.job_id
     WHERE lj.parked AND j.state = 'running' AND NOT j.stopping AND j.applying + j.settling + j.rolling_back < j.max_in_flight
       AND NOT EXISTS (SELECT 1 FROM lanekeeper.lane_job o JOIN lanekeeper.lane l ON l.lane_key = o.lane_key
                        WHERE o.job_id = lj.job_id AND NOT o.parked AND l.change_id IS NULL)`,
  'a change waits half done exactly when it has a time to go on': `
    SELECT id FROM lanekeeper.change WHERE (state = 'verifying') <> (resume_at IS NOT NULL)`,
  'no lane idles for good while a change waits there': `
    SELECT w.id FROM lanekeeper.change w JOIN lanekeeper.lane l ON l.lane_key = w.lane_key
     WHERE w.resume_at IS NOT NULL AND l.due_at IS NULL`,
  'each journal is numbered without gaps': `
    SELECT c.id FROM lanekeeper.change c WHERE c.events <> (SELECT count(*) FROM lanekeeper.journal e WHERE e.change_id = c.id)
        OR c.events <> (SELECT coalesce(max(number), 0) FROM lanekeeper.journal e WHERE e.change_id = c.id)`,
};

const everyRule = Object.entries(rules)
  .map(([name, rows], index) => `SELECT '${name}' AS rule FROM (${rows}) AS r${index}`)
  .join(' UNION ALL ');

/** Checks all rules in one snapshot. */
export async function checkRules(database: Database): Promise<void> {
  const broken = await database.query(everyRule);
  expect([...new Set(broken.map((row) => row.rule))]).toEqual([]);
}

const Move = z.object({
  changeId: z.string(),
  laneKey: z.string().nullable(),
  connection: z.string(),
  position: z.number(),
  seq: z.number(),
  was: z.enum(changeStates),
  became: z.enum(changeStates),
  joined: z.boolean(),
});
type Move = z.infer<typeof Move>;

function isBusy(state: ChangeState): boolean {
  return state === 'applying' || state === 'settling' || state === 'rolling_back';
}

function isBefore(a: Move, b: Move): boolean {
  return a.position === b.position ? a.seq < b.seq : a.position < b.position;
}

/** Replays all moves: no two in flight on a lane at any moment, and each start is that of its connection's oldest. */
export async function checkHistory(database: Database): Promise<{ starts: number }> {
  const rows = await database.query(
    `SELECT change_id AS "changeId", lane_key AS "laneKey", connection, position, seq, was, became, joined
       FROM lanekeeper.test_history ORDER BY n`,
  );
  const onLane = new Map<string | null, string>();
  const queues = new Map<string, Map<string, Move>>();
  let starts = 0;
  for (const move of rows.map((row) => Move.parse(row))) {
    const queue = queues.get(move.connection) ?? new Map<string, Move>();
    queues.set(move.connection, queue);
    if (move.joined) queue.set(move.changeId, move);
    if (isBusy(move.became) && !isBusy(move.was)) {
      starts += 1;
      expect([move.changeId, onLane.get(move.laneKey)]).toEqual([move.changeId, undefined]);
      // One that goes on again began before older ones joined: they wait for it.
      const older = [...queue.values()].filter((other) => isBefore(other, move));
      if (move.was === 'queued') expect(older).toEqual([]);
      onLane.set(move.laneKey, move.changeId);
    }
    if (isBusy(move.was) && !isBusy(move.became)) {
      expect(onLane.get(move.laneKey)).toBe(move.changeId);
      onLane.delete(move.laneKey);
    }
    if (isFinalChange(move.became)) queue.delete(move.changeId);
  }
  return { starts };
}

/** Everything is over: all jobs final, no lane due or held, none on any job's list. */
export async function checkNothingIsLeft(database: Database): Promise<void> {
  const left = await database.query(`
    SELECT 'job ' || id AS what FROM lanekeeper.job WHERE finished_at IS NULL
    UNION ALL SELECT 'lane ' || lane_key FROM lanekeeper.lane
               WHERE due_at IS NOT NULL OR worker IS NOT NULL OR change_id IS NOT NULL
    UNION ALL SELECT 'job on a lane ' || lane_key FROM lanekeeper.lane_job`);
  expect(left.map((row) => row.what)).toEqual([]);
}
