import { z } from 'zod';
import {
  type ApprovalEffect,
  type ApprovalState,
  type ApprovalStore,
  type ApprovalVerb,
  type Consent,
  type ConsentOutcome,
  effectOfConsent,
} from '../../job/approval.ts';
import { jobStates } from '../../job/state.ts';
import { admitJob } from './admit-job.ts';
import type { Database, Query } from './database.ts';
import { reopenJob } from './reopen-job.ts';
import { foundPlanOf } from './resolved-plan.ts';
import { JobRow, jobColumns } from './rows.ts';
import { noteOnJob, stopJob } from './stop-job.ts';
import { wakeLanes } from './write-lanes.ts';

const StateRow = z.object({
  state: z.enum(jobStates),
  createdBy: z.string(),
  planDigest: z.string().nullable(),
  given: z.array(z.string()),
  rejectedBy: z.string().nullable(),
}) satisfies z.ZodType<ApprovalState>;

const AskedRow = z.object({ askedForMs: z.coerce.number() });

/** Somebody who asks for longer has what was read looked at again. */
const askedAnewMinutes = 15;

const stateColumns = `
  j.state, j.created_by AS "createdBy", j.plan_digest AS "planDigest",
  ARRAY(SELECT a.actor FROM lanekeeper.approval a
         WHERE a.job_id = j.id AND a.digest = j.plan_digest AND a.given_at IS NOT NULL) AS given,
  j.rejected_by AS "rejectedBy"`;

/** What a word did, and lanes that have work now and must be woken after the commit. */
interface Said {
  outcome: ConsentOutcome;
  wake: readonly string[];
}

/** Approvals on PostgreSQL. A word takes the job's lock, as everything does that lets the job go on. */
export function createPgApprovalStore(database: Database): ApprovalStore {
  const { query } = database;
  const say = async (verb: ApprovalVerb, jobId: string, consent: Consent) => {
    const { outcome, wake } = await database.transaction((run) =>
      carryOut(run, verb, jobId, consent),
    );
    if (wake.length > 0) await wakeLanes(query, wake);
    return outcome;
  };
  return {
    async get(jobId) {
      const [row] = await query(`SELECT ${stateColumns} FROM lanekeeper.job j WHERE j.id = $1`, [
        jobId,
      ]);
      return row ? StateRow.parse(row) : null;
    },
    async ask(jobId, { actor, digest, reason }) {
      const [row] = await query(
        `INSERT INTO lanekeeper.approval AS a (job_id, actor, digest, reason, asked_at)
         VALUES ($1, $2, $3, $4, lanekeeper.now())
         ON CONFLICT (job_id, actor) DO UPDATE
            SET reason = excluded.reason, digest = excluded.digest,
                given_at = CASE WHEN a.digest = excluded.digest THEN a.given_at END,
                asked_at = CASE WHEN a.digest = excluded.digest
                                 AND a.asked_at > lanekeeper.now() - $5 * interval '1 minute'
                                THEN a.asked_at ELSE excluded.asked_at END
         RETURNING extract(epoch FROM lanekeeper.now() - asked_at) * 1000 AS "askedForMs"`,
        [jobId, actor, digest, reason, askedAnewMinutes],
      );
      return AskedRow.parse(row).askedForMs;
    },
    approve: (jobId, consent) => say('approve', jobId, consent),
    reject: (jobId, consent) => say('reject', jobId, consent),
    foundBy: (jobId) => foundPlanOf(query, jobId),
    reopen: (jobId, moved) => database.transaction((run) => reopenJob(run, jobId, moved)),
  };
}

async function carryOut(
  run: Query,
  verb: ApprovalVerb,
  jobId: string,
  consent: Consent,
): Promise<Said> {
  await run('SELECT 1 FROM lanekeeper.job WHERE id = $1 FOR UPDATE', [jobId]);
  const [row] = await run(`SELECT ${stateColumns} FROM lanekeeper.job j WHERE j.id = $1`, [jobId]);
  if (row === undefined) return { outcome: { kind: 'not_found' }, wake: [] };
  const effect: ApprovalEffect = effectOfConsent(verb, consent, StateRow.parse(row));
  if (effect.kind === 'own_job' || effect.kind === 'conflict') return { outcome: effect, wake: [] };
  const wake = effect.kind === 'apply' ? await apply[verb](run, jobId, consent) : [];
  const [after] = await run(`SELECT ${jobColumns} FROM lanekeeper.job j WHERE j.id = $1`, [jobId]);
  return { outcome: { kind: 'done', job: JobRow.parse(after) }, wake };
}

type Apply = (run: Query, jobId: string, consent: Consent) => Promise<readonly string[]>;

const apply: Readonly<Record<ApprovalVerb, Apply>> = {
  async approve(run, jobId, consent) {
    const { actor, digest, reason } = consent;
    await run(
      `INSERT INTO lanekeeper.approval (job_id, actor, digest, reason, asked_at, given_at)
       VALUES ($1, $2, $3, $4, lanekeeper.now(), lanekeeper.now())
       ON CONFLICT (job_id, actor) DO UPDATE
          SET digest = excluded.digest, reason = excluded.reason, given_at = excluded.given_at`,
      [jobId, actor, digest, reason],
    );
    await noteOnJob(run, jobId, 'approved', { ...consent });
    return admitJob(run, jobId);
  },
  async reject(run, jobId, consent) {
    const { actor, reason } = consent;
    await run('UPDATE lanekeeper.job SET rejected_by = $2 WHERE id = $1', [jobId, actor]);
    await noteOnJob(run, jobId, 'rejected', { ...consent });
    return stopJob(run, jobId, {
      reason: `rejected by ${actor}: ${reason}`,
      order: { actor, reason },
    });
  },
};
