import { type RollbackJobDeps, rollbackJob } from '../job/rollback-job.ts';
import { AppError, type ErrorCode } from '../platform/errors.ts';
import type { TakeBack } from './worker-deps.ts';

/** What no further try would mend. */
const forGood: ReadonlySet<ErrorCode> = new Set([
  'conflict',
  'rollback_expired',
  'idempotency_key_reused',
]);

/** Has single changes restored by jobs of their own, in the name of whoever submitted the change; one job for each, however often. */
export function createTakeBack(deps: RollbackJobDeps): TakeBack {
  return async ({ id, jobId, vpnConnectionId }) => {
    try {
      const { job } = await rollbackJob(deps, {
        jobId,
        changeId: id,
        actor: null,
        reason: `the other side of ${vpnConnectionId} turned out not to have what ${id} set`,
        idempotencyKey: `rollback of ${id}`,
      });
      return { kind: 'submitted', jobId: job.id };
    } catch (error) {
      if (error instanceof AppError && forGood.has(error.code)) {
        return { kind: 'impossible', reason: error.message };
      }
      throw error;
    }
  };
}
