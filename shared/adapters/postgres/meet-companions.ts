import { z } from 'zod';
import type { Query } from './database.ts';

const JobIdRow = z.object({ jobId: z.string() });

/** Where the unfinished changes on the connection of a change `c` of job `j` lead to, and those that ended since `j` was accepted. */
const onItsConnection = `(
  SELECT o.customer_addresses, o.remote_subnets FROM lanekeeper.change o
   WHERE o.region_id = c.region_id AND o.vpn_connection_id = c.vpn_connection_id AND o.finished_at IS NULL
     AND (o.released OR o.job_id = $1)
   UNION ALL
  SELECT o.customer_addresses, o.remote_subnets FROM lanekeeper.change o
   WHERE o.region_id = c.region_id AND o.vpn_connection_id = c.vpn_connection_id AND o.result_fingerprint IS NOT NULL
     AND o.finished_at > j.created_at) AS o`;

/** The changes of the job, or those of released ones that stand on its connections. */
const sharers = {
  own: `c.job_id = $1 AND c.state = 'queued'`,
  others: `c.id = ANY (ARRAY(
      SELECT x.id FROM lanekeeper.change x
        JOIN lanekeeper.change k ON k.job_id = $1 AND k.state = 'queued'
         AND k.region_id = x.region_id AND k.vpn_connection_id = x.vpn_connection_id
       WHERE x.finished_at IS NULL AND x.released AND x.job_id <> $1))`,
};

/**
 * Has changes of one connection lead to where all of them lead to: what one leads elsewhere, those behind it find there, and they
 * were resolved before. Of others only under the locks of their lanes and jobs. Answers with the jobs of those that lead further now.
 */
export async function shareEnds(
  run: Query,
  jobId: string,
  whose: keyof typeof sharers,
): Promise<readonly string[]> {
  const rows = await run(
    `UPDATE lanekeeper.change c
        SET customer_addresses = ARRAY(SELECT DISTINCT unnest(o.customer_addresses) FROM ${onItsConnection}),
            remote_subnets = ARRAY(SELECT DISTINCT unnest(o.remote_subnets) FROM ${onItsConnection})
       FROM lanekeeper.job j
      WHERE ${sharers[whose]} AND j.id = c.job_id AND EXISTS (
            SELECT 1 FROM ${onItsConnection}
             WHERE NOT (o.customer_addresses <@ c.customer_addresses AND o.remote_subnets <@ c.remote_subnets))
  RETURNING c.job_id AS "jobId"`,
    [jobId],
  );
  return [...new Set(rows.map((row) => JobIdRow.parse(row).jobId))];
}

/** Notes where the resolved changes of a job lead to. */
export async function enterScopes(run: Query, jobId: string): Promise<void> {
  await run(
    `INSERT INTO lanekeeper.job_scope (scope, job_id)
     SELECT DISTINCT s.scope, $1
       FROM lanekeeper.change c
      CROSS JOIN LATERAL (
        SELECT unnest(c.customer_addresses) UNION ALL
        SELECT c.network WHERE c.network IS NOT NULL AND cardinality(c.remote_subnets) > 0) AS s(scope)
      WHERE c.job_id = $1 AND c.finished_at IS NULL
     ON CONFLICT DO NOTHING`,
    [jobId],
  );
}

/**
 * Has releases come one after the other, so that of two jobs that may meet the later one sees the other as released. Taken
 * before all locks of others: nobody who holds it is waited for by whoever starts or ends something.
 */
export async function lockReleases(run: Query): Promise<void> {
  await run(`SELECT pg_advisory_xact_lock(hashtext('lanekeeper releases'))`);
}

/** The released, unfinished jobs whose changes may back up those of job `$1`: to be locked with the others. */
export const jobsMet = `
  SELECT o.job_id FROM lanekeeper.job_scope s
    JOIN lanekeeper.job_scope o ON o.scope = s.scope AND o.job_id <> s.job_id
    JOIN lanekeeper.job m ON m.id = o.job_id AND m.finished_at IS NULL AND m.started_at IS NOT NULL
   WHERE s.job_id = $1`;

/** Marks a job about to be released, and all that it meets. The caller holds the locks of all of them. */
export async function meetCompanions(run: Query, jobId: string): Promise<void> {
  await run(
    `UPDATE lanekeeper.job j SET meets_companions = true
      WHERE NOT j.meets_companions AND (j.id IN (${jobsMet}) OR (j.id = $1 AND EXISTS (${jobsMet})))`,
    [jobId],
  );
  await markCompanions(run, jobId);
  // Whoever else does this just now tidies up in our place.
  await run(
    `DELETE FROM lanekeeper.job_scope WHERE (scope, job_id) IN (
       SELECT o.scope, o.job_id FROM lanekeeper.job_scope s
         JOIN lanekeeper.job_scope o ON o.scope = s.scope
         JOIN lanekeeper.job m ON m.id = o.job_id AND m.finished_at IS NOT NULL
        WHERE s.job_id = $1 FOR UPDATE OF o SKIP LOCKED)`,
    [jobId],
  );
}

/**
 * Marks the job's changes that may be backed up by others of it: by address, or by a subnet that holds another or lies in one.
 * Of two blocks that overlap one holds the other, so that in order each is compared with what is open before it and begins after
 * it. Blocks of one connection among themselves may mark it too; that costs a look and nothing else.
 */
async function markCompanions(run: Query, jobId: string): Promise<void> {
  await run(
    `WITH own AS (
       SELECT c.id, c.region_id, c.vpn_connection_id, c.customer_addresses, c.network, c.remote_subnets
         FROM lanekeeper.change c WHERE c.job_id = $1 AND c.state = 'queued'),
     ends AS (
       SELECT o.id, min(o.region_id || '/' || o.vpn_connection_id) OVER w AS least,
              max(o.region_id || '/' || o.vpn_connection_id) OVER w AS most
         FROM own o CROSS JOIN LATERAL unnest(o.customer_addresses) AS a(address)
       WINDOW w AS (PARTITION BY a.address)),
     blocks AS (
       SELECT o.id, o.network, set_masklen(network(b.block)::inet, 32) AS first, set_masklen(broadcast(b.block), 32) AS last
         FROM own o CROSS JOIN LATERAL unnest(o.remote_subnets) AS b(block)),
     nested AS (
       SELECT b.id, b.last, b.first,
              max(b.last) OVER (PARTITION BY b.network ORDER BY b.first, b.last DESC, b.id
                                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before,
              lead(b.first) OVER (PARTITION BY b.network ORDER BY b.first, b.last DESC, b.id) AS next
         FROM blocks b)
     UPDATE lanekeeper.change c SET has_companions = true
      WHERE c.id = ANY (ARRAY(
            SELECT id FROM ends WHERE least <> most
             UNION SELECT id FROM nested WHERE before >= first OR next <= last))`,
    [jobId],
  );
  await run(
    `UPDATE lanekeeper.job j SET has_companions = true
      WHERE j.id = $1 AND EXISTS (SELECT 1 FROM lanekeeper.change c WHERE c.job_id = j.id AND c.has_companions)`,
    [jobId],
  );
}
