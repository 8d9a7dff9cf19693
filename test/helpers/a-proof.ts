import type { ChangeProof, ProofSubject } from '../../shared/change/handover.ts';

/** When the cloud was done with the change that is to be proved. */
export const settledAt = Date.parse('2026-11-24T10:00:00.000Z');

export const iso = (at: number): string => new Date(at).toISOString();

/** A tunnel that was up before. */
export const subject: ProofSubject = {
  tunnelId: 'tun-1',
  wasUp: true,
  downSince: null,
  logReadTo: null,
  verdict: null,
};

/** What is to be shown of it, last seen without the new values so long before the cloud was done. */
export function aProof(unsettledForMs: number, lifetimeSeconds: number): ChangeProof {
  return {
    part: 'tun-1',
    direction: 'forth',
    subjects: [subject],
    phase: 'ike',
    unsettledAt: iso(settledAt - unsettledForMs),
    settledAt: iso(settledAt),
    lifetimeSeconds,
  };
}
