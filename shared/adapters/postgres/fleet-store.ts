import { z } from 'zod';
import { changeStates } from '../../change/state.ts';
import { jobStates } from '../../job/state.ts';
import type { FleetStore } from '../../metrics/fleet-state.ts';
import type { TallyStore } from '../../metrics/tally.ts';
import type { Database } from './database.ts';
import { BigInteger } from './rows.ts';

const Counts = <State extends string>(states: readonly [State, ...State[]]) =>
  z.record(z.enum(states), BigInteger);

const JobsRow = z.object({ jobs: Counts(jobStates), changes: Counts(changeStates) });
const LanesRow = z.object({
  due: BigInteger,
  leased: BigInteger,
  waiting: BigInteger,
  queueAgeSeconds: z.coerce.number(),
  parked: BigInteger,
  waitingTotal: BigInteger,
  waitingLongest: BigInteger,
});
const BudgetRow = z.object({ regionId: z.string(), action: z.string(), left: BigInteger });
const TallyRow = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  value: z.number(),
});

const objectOf = (pairs: readonly string[]): string => `json_build_object(${pairs.join(', ')})`;

/** Counts of changes stand on their jobs' rows, so that no change is read. */
const jobsStatement = `
  SELECT ${objectOf(jobStates.map((state) => `'${state}', count(*) FILTER (WHERE state = '${state}')`))} AS jobs,
         ${objectOf(changeStates.map((state) => `'${state}', coalesce(sum(${state}), 0)`))} AS changes
    FROM lanekeeper.job`;

/** A lease that ran out is due: its worker is gone. */
const lanesStatement = `
  SELECT l.*, w.*
    FROM (SELECT count(*) FILTER (WHERE due_at <= lanekeeper.now()) AS due,
                 count(*) FILTER (WHERE due_at > lanekeeper.now() AND worker IS NOT NULL) AS leased,
                 count(*) FILTER (WHERE due_at > lanekeeper.now() AND worker IS NULL) AS waiting,
                 greatest(0, coalesce(extract(epoch FROM lanekeeper.now() - min(due_at)), 0)) AS "queueAgeSeconds"
            FROM lanekeeper.lane WHERE due_at IS NOT NULL) AS l,
         (SELECT count(*) FILTER (WHERE parked) AS parked, coalesce(sum(waiting), 0) AS "waitingTotal",
                 coalesce(max(waiting), 0) AS "waitingLongest"
            FROM (SELECT bool_or(parked) AS parked, sum(waiting) AS waiting
                    FROM lanekeeper.lane_job GROUP BY lane_key) AS each) AS w`;

/** As `take_calls` counts; scopes of four parts are shares of the others. */
const budgetsStatement = `
  SELECT split_part(b.scope, '/', 2) AS "regionId", split_part(b.scope, '/', 3) AS action,
         CASE WHEN b.paused_until > lanekeeper.now() THEN 0
              ELSE greatest(0, lanekeeper.allowed_calls(b, CASE WHEN b.scope LIKE '%/Modify%' THEN $2::int ELSE $1::int END,
                                                        lanekeeper.now()) - coalesce(c.calls, 0)) END AS left
    FROM lanekeeper.api_budget b
    LEFT JOIN (SELECT scope, sum(calls) AS calls FROM lanekeeper.api_call
                WHERE second > floor(extract(epoch FROM lanekeeper.now())) - 62 GROUP BY scope) AS c ON c.scope = b.scope
   WHERE split_part(b.scope, '/', 4) = ''
   ORDER BY b.scope`;

const talliesStatement = 'SELECT name, labels, value FROM lanekeeper.tally ORDER BY name, labels';

/** The fleet's numbers on PostgreSQL, embedded or served; `limits` are the calls a minute that an action may make in a region. */
export function createPgFleetStore(
  { query }: Database,
  { readsPerMinute, writesPerMinute }: { readsPerMinute: number; writesPerMinute: number },
): FleetStore {
  return {
    async read() {
      const [[jobs], [lanes], budgets, tallies] = await Promise.all([
        query(jobsStatement),
        query(lanesStatement),
        query(budgetsStatement, [readsPerMinute, writesPerMinute]),
        query(talliesStatement),
      ]);
      const { due, leased, waiting, parked, ...rest } = LanesRow.parse(lanes);
      return {
        ...JobsRow.parse(jobs),
        lanes: { due, leased, waiting, parked },
        waiting: { total: rest.waitingTotal, longest: rest.waitingLongest },
        queueAgeSeconds: rest.queueAgeSeconds,
        budgets: budgets.map((row) => BudgetRow.parse(row)),
        tallies: tallies.map((row) => TallyRow.parse(row)),
      };
    },
  };
}

/** Where processes add what they counted. Rows are locked in one order, so that those who add at once do not deadlock. */
export function createPgTallyStore({ query }: Database): TallyStore {
  return {
    async add(entries) {
      await query(
        `INSERT INTO lanekeeper.tally AS t (name, labels, value)
         SELECT e.name, e.labels, e.value
           FROM jsonb_to_recordset($1::jsonb) AS e(name text, labels jsonb, value double precision)
          ORDER BY e.name, e.labels
         ON CONFLICT (name, labels) DO UPDATE SET value = t.value + excluded.value`,
        [JSON.stringify(entries)],
      );
    },
  };
}
