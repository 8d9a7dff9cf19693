import type { ChangeProof, HandoverProgress } from '../change/handover.ts';
import type { ChangeRecord, JournalEvent } from '../change/record.ts';
import { advance, onTick } from './step-results.ts';
import type { StepDeps, StepResult } from './worker-deps.ts';

/** Whether something is to be shown of the part that now stands. */
export function isProofAsked(proof: ChangeProof | null): boolean {
  return proof !== null && proof.settledAt !== null && proof.subjects.length > 0;
}

/** Whether something will have to be shown of the part that is under way. */
export function isToBeProved({
  handover: { proof, direction },
  part,
}: Pick<ChangeRecord, 'handover' | 'part'>): boolean {
  const isOfPart = proof?.part === part && proof.direction === direction;
  return isOfPart && proof.subjects.length > 0;
}

/** The handover now that the cloud has the part's values, and no more those that it had before. */
export function withApplied(
  { handover, part, sentAt }: ChangeRecord,
  readAt: string,
): HandoverProgress {
  const { direction } = handover;
  const deliveries = handover.deliveries.map((delivery) =>
    delivery.part === part
      ? { ...delivery, isApplied: delivery.direction === direction }
      : delivery,
  );
  const isThis = handover.proof?.part === part && handover.proof.direction === direction;
  const proof =
    handover.proof !== null && isThis
      ? {
          ...handover.proof,
          unsettledAt: handover.proof.unsettledAt ?? sentAt ?? readAt,
          settledAt: readAt,
        }
      : null;
  return { ...handover, deliveries, proof };
}

/**
 * Logs and the cloud's clock are of whole seconds, so that a line may be newer by this than it is taken to be. What was negotiated in
 * the moment in which the cloud took the values must count, or it would be latent for a day.
 */
const grainMs = 2_000;

/** The handover after a look that showed the connection without the part's values; null where nothing is to be proved that this matters to. */
export function withUnsettled(
  { handover, part, sentAt }: Pick<ChangeRecord, 'handover' | 'part' | 'sentAt'>,
  readAt: string,
): HandoverProgress | null {
  const { proof } = handover;
  if (proof === null || !isToBeProved({ handover, part })) return null;
  const least = Math.max(Date.parse(sentAt ?? readAt), Date.parse(readAt) - grainMs);
  const unsettledAt = new Date(least).toISOString();
  if ((proof.unsettledAt ?? '') >= unsettledAt) return null;
  return { ...handover, proof: { ...proof, unsettledAt } };
}

/** The change leaves its lane and its slot until the other side has shown that it has the values too. */
export function leaveToProve(
  deps: StepDeps,
  change: ChangeRecord,
  { patch, event }: { patch: Partial<ChangeRecord>; event: JournalEvent | null },
): StepResult {
  const part = (patch.handover ?? change.handover).proof?.part ?? change.part;
  const patched = { state: 'verifying', step: 'prove', ...patch } as const;
  const result = advance(change, patched, event, { kind: 'next' });
  const { direction } = change.handover;
  return {
    ...result,
    events: [...result.events, { kind: 'proving', data: { part, direction } }],
    errand: onTick(deps, 1),
  };
}
