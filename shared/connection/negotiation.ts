import type { ConnectionRef } from './model.ts';

/** Which lines of a tunnel's log to look at. */
export interface NegotiationQuery extends ConnectionRef {
  /** Null on single-tunnel connections. */
  tunnelId: string | null;
  /** Both included, Unix milliseconds of the cloud's clock, looked at by whole seconds; null = the latest ten minutes. */
  between: { from: number; to: number } | null;
  /** From 1; the order of lines over the pages is not known, so that only all of them together tell what was last. */
  pageNumber: number;
}

/**
 * What one page of a tunnel's log tells of negotiations that succeeded. Times are Unix milliseconds of the cloud's clock,
 * to a second. An IPsec SA is renewed below an IKE SA that stands: only the latter proves anything of a key.
 */
export interface NegotiationPage {
  /** The newest IKE SA on the page; null when there is none. */
  ikeEstablishedAt: number | null;
  /** The newest IPsec SA on the page; null when there is none. */
  ipsecEstablishedAt: number | null;
  /** Whether the cloud vouches for the lines; if not, missing ones prove nothing. */
  isComplete: boolean;
  isLastPage: boolean;
  /** What the cloud's clock said when it answered, to a second; null when the answer does not tell. */
  answeredAt: number | null;
}

/** The tunnels to diagnose, at most one page of them. */
export interface DiagnosisQuery {
  regionId: string;
  /** Single-tunnel connections. */
  vpnConnectionIds: readonly string[];
  /** Tunnels of dual-tunnel connections. */
  tunnelIds: readonly string[];
}

/** What the cloud says is wrong with a tunnel. One that is not among the answers may be well, or unknown. */
export interface Diagnosis {
  vpnConnectionId: string;
  /** Null on single-tunnel connections. */
  tunnelId: string | null;
  /** `FailedReasonCode`, or `UnknownReason` when there is none that can be shown; null when nothing is wrong. */
  code: string | null;
  /** Unix milliseconds of the cloud's clock; null when the answer does not tell. */
  failedAt: number | null;
}
