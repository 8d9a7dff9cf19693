import type { ChangeError, ChangeRecord } from '../change/record.ts';
import { isUp, type Tunnel } from '../connection/model.ts';
import type { ChangePart } from '../connection/vpn-api.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { fail, onTick, ownError, wait } from './step-results.ts';
import { isGoingBack, isRestoring } from './stored-change.ts';
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

/**
 * The other tunnel carries the traffic meanwhile: it is not touched before this one is as well off as it was. A tunnel that is down
 * for longer than a proof may take ends the change.
 */
export function waitForTunnel(
  deps: StepDeps,
  { change, terms: { verifyTimeoutSeconds } }: Assignment,
  { down, part, tunnels }: { down: Tunnel; part: ChangePart; tunnels: ChangeRecord['tunnels'] },
): StepResult {
  const now = deps.clock.now();
  const known = tunnels.find(({ tunnelId }) => tunnelId === down.tunnelId)?.downSince;
  const downSince = known ?? new Date(now).toISOString();
  if (now - Date.parse(downSince) >= verifyTimeoutSeconds * 1_000) {
    const message = `tunnel ${down.tunnelId} was changed and did not come up again within ${verifyTimeoutSeconds} s; ${part} was left as it is`;
    return fail(change, ownError('tunnel_down', 'TunnelDown', message));
  }
  const message = `tunnel ${down.tunnelId} was changed and is not up again; ${part} is changed after that`;
  const lastError = ownError('tunnel_down', 'TunnelNotUp', message);
  const waiting = tunnels.map((tunnel) =>
    tunnel.tunnelId === down.tunnelId ? { ...tunnel, downSince } : tunnel,
  );
  const due = onTick(deps, deps.settings.pollIntervalMs);
  return wait(change, { lastError, tunnels: waiting }, due);
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
  if (isRestoring({ intent }) && !isUpItself) return null;
  const down = tunnels.find((tunnel) => tunnel.tunnelId !== part && !isUp(tunnel));
  if (down === undefined) return null;
  const message = `${down.tunnelId} is not up and could not carry the traffic while ${part} is changed; set acceptOutage to true to change it all the same`;
  return ownError('tunnel_down', 'TunnelRedundancyLost', message);
}
