import { inspect } from 'node:util';
import { expect } from 'vitest';
import type { ConnectionRef, VpnConnection } from '../../shared/connection/model.ts';
import { overlay, valuePath } from '../../shared/connection/values.ts';
import {
  connectionPart,
  type ModifyOutcome,
  type ModifyRequest,
  pageSize,
  type VpnApi,
} from '../../shared/connection/vpn-api.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { reveal } from '../../shared/platform/secret-reveal.ts';

/** A cloud to try a VpnApi on. All connections named here stand still at first, and have one tunnel unless it is said. */
export interface VpnApiSubject {
  api: VpnApi;
  /** The same cloud with an access key secret that is wrong. */
  strangerApi: VpnApi;
  regionId: string;
  /** How many there are in the region: connections more than one page, gateways at least one. */
  connectionCount: number;
  gatewayCount: number;
  /** Two connections on one VPN gateway. */
  first: ConnectionRef;
  neighbour: ConnectionRef;
  /** A connection on a transit router. */
  attachment: ConnectionRef;
  /** Its first change is refused by flow control. */
  throttledOnce: ConnectionRef;
  /** The answer to its first change is lost after the change was accepted. */
  lostOnce: ConnectionRef;
  /** Its first change ends with HTTP 500 and is not applied. */
  failedOnce: ConnectionRef;
  /** Its changes are refused for good. */
  refused: ConnectionRef;
  /** Dual-tunnel connections, on a VPN gateway and on a transit router. */
  pair: ConnectionRef;
  attachedPair: ConnectionRef;
  /** By how much the cloud's clock is ahead of {@link now}, milliseconds. */
  clockSkewMs: number;
  /** The time that passes while it is settled, Unix milliseconds. */
  now(): number;
  /** Makes the SAs of a tunnel anew; `tunnelId` is null on single-tunnel connections. */
  reset(ref: ConnectionRef, tunnelId: string | null): Promise<void>;
  /** From now on the device at the other end of a tunnel wants another DH group for its IKE SA. */
  misfit(ref: ConnectionRef, tunnelId: string | null): Promise<void>;
  /** Lets the cloud finish everything it has accepted. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** The connection as a read of its own shows it; fails the test when there is none. */
export async function readOne(api: VpnApi, ref: ConnectionRef): Promise<VpnConnection> {
  const outcome = await api.describeConnection(ref);
  if (outcome.kind !== 'ok' || outcome.value === null) {
    expect.unreachable(`${ref.vpnConnectionId} cannot be read: ${inspect(outcome)}`);
  }
  return outcome.value;
}

/** Every connection of a region, over all pages. */
export async function listAll(api: VpnApi, regionId: string): Promise<readonly VpnConnection[]> {
  const all: VpnConnection[] = [];
  for (let pageNumber = 1; ; pageNumber += 1) {
    const outcome = await api.listConnections({ regionId, pageNumber });
    if (outcome.kind !== 'ok') expect.unreachable(inspect(outcome));
    all.push(...outcome.value.items);
    if (outcome.value.items.length < pageSize) return all;
  }
}

/** The key of a connection, or of one of its tunnels, in clear. */
export function keyOf(connection: VpnConnection, tunnelId: string | null = null): string | null {
  const key = connection.fields[valuePath(tunnelId, 'IkeConfig.Psk')];
  return key instanceof Secret ? reveal(key) : null;
}

/** A change of name and key on top of what is there, as the port wants it. */
export async function aRename(
  api: VpnApi,
  ref: ConnectionRef,
  changes: { name?: string; clientToken?: string } = {},
): Promise<ModifyRequest> {
  const { attachType, fields } = await readOne(api, ref);
  const { name = 'renamed', clientToken = `token-${ref.vpnConnectionId}` } = changes;
  const wanted = { Name: name, 'IkeConfig.Psk': new Secret('brandNewKey123') };
  return {
    ...ref,
    attachType,
    part: connectionPart,
    tunnels: [],
    clientToken,
    fields: overlay(fields, wanted),
  };
}

/** Why a write was not accepted; fails the test when it was. */
export function errorOf(outcome: ModifyOutcome): { class: string; code: string; message: string } {
  if (outcome.kind === 'accepted') expect.unreachable('the change was accepted');
  return outcome.error;
}
