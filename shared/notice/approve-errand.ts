import { approveJob, type ConsentDeps } from '../approval/consent.ts';
import type { AuditLog } from '../auth/audit-log.ts';
import { aCardOf, type Card } from '../chat/card.ts';
import { errorCatalog, toAppError } from '../platform/errors.ts';

/** An approval that somebody gave in a room, and that is to be compared with the cloud. */
export interface AskedApproval {
  jobId: string;
  actor: string;
  digest: string;
  reason: string;
  /** What the audit has it by: what was said, from where, and the id of the request. */
  operation: string;
  address: string | null;
  requestId: string;
}

/** Carries an approval out: what the room is told and whether it is to be asked again, or when to go on. */
export type ApproveForRoom = (
  asked: AskedApproval,
) => Promise<
  { kind: 'ready'; card: Card; isOpen: boolean } | { kind: 'pending'; retryInMs: number }
>;

/** Approvals with the comparison that the API makes too. What stands against one is said on the card, and audited. */
export function createApproveForRoom(deps: ConsentDeps & { audit: AuditLog }): ApproveForRoom {
  return async ({ jobId, actor, digest, reason, ...asked }) => {
    const note = (outcome: string): Promise<void> =>
      deps.audit.append({ actor, action: 'approve', jobId, outcome, ...asked });
    try {
      const outcome = await approveJob(deps, jobId, { actor, digest, reason });
      if (outcome.kind === 'pending') return { kind: 'pending', retryInMs: outcome.retryInMs };
      await note('done');
      const lines = [`${actor} approved ${jobId}.`];
      return {
        kind: 'ready',
        card: aCardOf({ title: 'Approved', tone: 'good', lines, audience: 'room' }),
        isOpen: false,
      };
    } catch (thrown) {
      const error = toAppError(thrown);
      await note(error.code);
      if (errorCatalog[error.code].status === 500) throw error;
      const lines = [`${error.message}.`, `It was to be approved: ${jobId}.`];
      const card = aCardOf({ title: 'Not approved', tone: 'warning', lines });
      return { kind: 'ready', card, isOpen: error.code === 'unavailable' };
    }
  };
}
