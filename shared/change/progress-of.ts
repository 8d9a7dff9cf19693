import type { ChangeProgress, ChangeRecord } from './record.ts';

/** The part of a change that a step may write. */
export function progressOf(change: ChangeRecord): ChangeProgress & { id: string; jobId: string } {
  const { id, jobId, state, step, attempts, settledAttempts, refusals, lastError } = change;
  const { diff, base, sealedBaseKeys, tunnels, part } = change;
  const { sealedMadeKeys, sealedPreviousKeys, handover, verdict } = change;
  const { requestDigest, clientToken, resultFingerprint } = change;
  const found = { diff, base, sealedBaseKeys, tunnels };
  const handedOver = { sealedMadeKeys, sealedPreviousKeys, handover, verdict };
  const request = { part, requestDigest, clientToken, resultFingerprint };
  const counts = { attempts, settledAttempts, refusals };
  return { id, jobId, state, step, ...counts, ...found, ...handedOver, ...request, lastError };
}
