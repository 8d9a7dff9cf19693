import type { Secret } from '../platform/secret.ts';

/** A tunnel, or a connection that has one tunnel only. */
export interface TunnelPlace {
  regionId: string;
  vpnConnectionId: string;
  /** Null for a connection with one tunnel. */
  tunnelId: string | null;
}

/** What is delivered: the new values of one tunnel, or of a connection that has one tunnel only. */
export interface Delivery extends TunnelPlace {
  /** Names the values: the same on every retry, another for every other change or tunnel. See {@link versionOf}. */
  version: string;
  jobId: string;
  changeId: string;
  /** Since when it is on its way, ISO 8601: later where values that were withdrawn are handed over again. */
  since: string;
}

/** The values by the cloud's own names, `IkeConfig.Psk` and so on. */
export type DeliveredValues = Readonly<Record<string, Secret | string | number | boolean>>;

/** Why a sink did not do what it was asked for. */
export interface SinkError {
  /** In the style of the cloud's codes: `Unreachable`, `Refused`, or the very code of the cloud. */
  code: string;
  /** A sentence of ours, without any value. */
  message: string;
  /** Whether the same call may succeed later. */
  isRetryable: boolean;
  /** The cloud's id of the request, where there is one. */
  requestId: string | null;
}

/** What became of a delivery. Acknowledged: the other side has the values, or will switch within the verify timeout. */
export type DeliverOutcome =
  | { kind: 'delivered' }
  | { kind: 'acknowledged' }
  | { kind: 'failed'; error: SinkError };

/** What became of a delivered version. */
export type StageOutcome = { kind: 'done' } | { kind: 'failed'; error: SinkError };

/**
 * Where new values go, so that the other side can have them. Each call may be made again whenever its outcome is not known:
 * it does the same once. Retries of what passes within seconds are the sink's own. Values leave encrypted. Raises nothing.
 */
export interface Sink {
  /**
   * Hands the values over as the pending ones, also those that were withdrawn. The same version with other values fails with
   * `VersionConflict`.
   */
  deliver(delivery: Delivery, values: DeliveredValues): Promise<DeliverOutcome>;
  /** The values are proved: they are the current ones now. Fails with `NotDelivered` for a version that is not there. */
  promote(delivery: Delivery): Promise<StageOutcome>;
  /**
   * The values will not be used: they are pending no longer. Nothing to do for a version that is not there; fails with
   * `AlreadyCurrent` for one that was promoted.
   */
  withdraw(delivery: Delivery): Promise<StageOutcome>;
}

/** The version under which a change's values for a tunnel are delivered. */
export function versionOf(changeId: string, tunnelId: string | null): string {
  return tunnelId === null ? changeId : `${changeId}.${tunnelId}`;
}

/** The same name for a tunnel wherever sinks have places: `vpn-psk/<region>/<connection>[/<tunnel>]`. */
export function placeOf({ regionId, vpnConnectionId, tunnelId }: TunnelPlace): string {
  return ['vpn-psk', regionId, vpnConnectionId, ...(tunnelId === null ? [] : [tunnelId])].join('/');
}
