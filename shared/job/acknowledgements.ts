import type { ChangeVerbOutcome } from './change-verbs.ts';

/** The other side's word that it has a tunnel's new values, or will switch within the verify timeout, given by a person. */
export interface Acknowledgements {
  /** `tunnelId` null: of whatever the change waits for now. Twice is the same as once. */
  acknowledge(
    of: { jobId: string; changeId: string },
    tunnelId: string | null,
    actor: string,
  ): Promise<ChangeVerbOutcome>;
}
