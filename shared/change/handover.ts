import type { MaskedValues } from '../connection/mask.ts';
import type { ChangePart } from '../connection/vpn-api.ts';

/**
 * What the other side shows of new values: `proved`: it negotiated with them; `latent`: what was negotiated before still
 * stands, so that nobody can tell; `refuted`: the tunnel is down.
 */
export const verdicts = ['proved', 'latent', 'refuted'] as const;
export type Verdict = (typeof verdicts)[number];

/** Which way a change goes: to the plan's values, or back to what stood before. */
export const directions = ['forth', 'back'] as const;
export type Direction = (typeof directions)[number];

/**
 * - `open`: on its way to the sinks, or waiting for the other side's word.
 * - `done`: every sink has it, and the other side has said so where that is required. The cloud may be told.
 * - `promoted`: proved; it is the current version wherever there are versions.
 * - `withdrawn`: it will not be used.
 */
export const deliveryStages = ['open', 'done', 'promoted', 'withdrawn'] as const;

/** The handing over of one part's values to the other side. */
export interface ChangeDelivery {
  part: ChangePart;
  direction: Direction;
  stage: (typeof deliveryStages)[number];
  /** Sinks that have it. */
  deliveredTo: readonly string[];
  isAcknowledged: boolean;
  /** Whether the cloud has it, as far as is known. What the cloud has is not withdrawn. */
  isApplied: boolean;
  /** ISO 8601, by the worker's clock: since when it is on its way. */
  since: string;
  /** Until when the other side has to say so, ISO 8601; null where that is not required. */
  acknowledgeUntil: string | null;
  /** Attempts that sinks did not take and may take later. */
  failures: number;
}

/** What one tunnel has to show; `tunnelId` is null for a connection with one tunnel. */
export interface ProofSubject {
  tunnelId: string | null;
  /** Whether it was up before its new values were handed over. */
  wasUp: boolean;
  /** Since when it has been seen down, ISO 8601, after the cloud had the values; null while it is not. */
  downSince: string | null;
  /** Up to when its log was read and told nothing, ISO 8601; null as long as all of it is read at once. */
  logReadTo: string | null;
  verdict: Verdict | null;
}

/** What is to be shown of one part, from when it is prepared until it is told. Times are ISO 8601, by the worker's clock. */
export interface ChangeProof {
  part: ChangePart;
  direction: Direction;
  subjects: readonly ProofSubject[];
  /** Whether an IKE SA has to be new, or an IPsec SA is enough: keys are looked at in the making of the former only. */
  phase: 'ike' | 'ipsec';
  /** The last time at which the cloud is known not to have been done, as exactly as logs tell: by a look, or else because the request was only sent. */
  unsettledAt: string | null;
  /** When the cloud was read to be done. */
  settledAt: string | null;
  /** No SA of before lives longer than this after `settledAt`, seconds. */
  lifetimeSeconds: number;
}

/** What a change hands over, has to prove and could take back. */
export interface HandoverProgress {
  direction: Direction;
  /** What its writes replace, as found before the first of them, keys as keyed digests; null before that. */
  previous: MaskedValues | null;
  /** Oldest first. */
  deliveries: readonly ChangeDelivery[];
  proof: ChangeProof | null;
  /** The job that takes it back since it was refuted late, or that there is none; null while nothing of this is due. */
  takenBack: { jobId: string | null } | null;
}

/** A change that has done nothing of this. */
export const nothingHandedOver: HandoverProgress = {
  direction: 'forth',
  previous: null,
  deliveries: [],
  proof: null,
  takenBack: null,
};

/** The worst of some verdicts; null when there is none. */
export function worstVerdict(of: readonly (Verdict | null)[]): Verdict | null {
  return verdicts.toReversed().find((verdict) => of.includes(verdict)) ?? null;
}

/** The delivery of a part in the direction in which the change now goes; null when there is none. */
export function deliveryOf(
  { direction, deliveries }: HandoverProgress,
  part: ChangePart,
): ChangeDelivery | null {
  return (
    deliveries.find((delivery) => delivery.part === part && delivery.direction === direction) ??
    null
  );
}

/** The deliveries with one of them put in, or put in the place of its earlier self. */
export function withDelivery(
  handover: HandoverProgress,
  delivery: ChangeDelivery,
): HandoverProgress {
  const isSame = (other: ChangeDelivery): boolean =>
    other.part === delivery.part && other.direction === delivery.direction;
  const known = handover.deliveries.some(isSame);
  const deliveries = known
    ? handover.deliveries.map((other) => (isSame(other) ? delivery : other))
    : [...handover.deliveries, delivery];
  return { ...handover, deliveries };
}
