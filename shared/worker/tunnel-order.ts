import type { ChangeError, ChangeRecord } from '../change/record.ts';
import { isUp, type Tunnel } from '../connection/model.ts';
import type { ChangePart } from '../connection/vpn-api.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { fail, onTick, ownError, wait } from './step-results.ts';
import { isGoingBack } from './stored-change.ts';
import type { StepDeps, StepResult } from './worker-deps.ts';

/** A tunnel that this change has written to, that was up before, and that is not up now. */
export function worseOff(
  change: ChangeRecord,
  tunnels: readonly Tunnel[],
  part: ChangePart,
): Tunnel | undefined {
  return tunnels.find((tunnel) => {
    const before = change.tunnels.find(({ tunnelId }) => tunnelId === tunnel.tunnelId);
    return tunnel.tunnelId !== part && before?.wasUp === true && !isUp(tunnel);
  });
}

/** The other tunnel carries the traffic meanwhile: it is not touched before this one is as well off as it was. */
export function waitForTunnel(
  deps: StepDeps,
  change: ChangeRecord,
  { down, part, tunnels }: { down: Tunnel; part: ChangePart; tunnels: ChangeRecord['tunnels'] },
): StepResult {
  const { verifyTimeoutMs, pollIntervalMs } = deps.settings;
  const since = change.partAppliedAt;
  const waitedMs = since === null ? 0 : deps.clock.now() - Date.parse(since);
  if (waitedMs >= verifyTimeoutMs) {
    const seconds = Math.round(verifyTimeoutMs / 1_000);
    const message = `tunnel ${down.tunnelId} was changed and did not come up again within ${seconds} s; ${part} was left as it is`;
    return fail(change, ownError('tunnel_down', 'TunnelDown', message));
  }
  const message = `tunnel ${down.tunnelId} was changed and is not up again; ${part} is changed after that`;
  const lastError = ownError('tunnel_down', 'TunnelNotUp', message);
  return wait(change, { lastError, tunnels }, onTick(deps, pollIntervalMs));
}

/**
 * Why a tunnel is not changed where both sides must agree: the other one, which would have to carry the traffic meanwhile, is not
 * up. What is taken back makes nothing worse, nor does a job that restores values of before on a tunnel that is down itself.
 */
export function lostRedundancy(
  { change, intent }: Assignment,
  tunnels: readonly Tunnel[],
  part: ChangePart,
): ChangeError | null {
  if (intent.acceptOutage || isGoingBack(change)) return null;
  const isUpItself = tunnels.some((tunnel) => tunnel.tunnelId === part && isUp(tunnel));
  if (intent.expected !== null && !isUpItself) return null;
  const down = tunnels.find((tunnel) => tunnel.tunnelId !== part && !isUp(tunnel));
  if (down === undefined) return null;
  const message = `${down.tunnelId} is not up and could not carry the traffic while ${part} is changed; set acceptOutage to true to change it all the same`;
  return ownError('tunnel_down', 'TunnelRedundancyLost', message);
}
