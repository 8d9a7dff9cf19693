import { needsOwnRead } from '../connection/values.ts';
import type { Sight } from '../inventory/region-reader.ts';
import type { Assignment } from '../lane/lane-store.ts';
import type { HeldLane, StepDeps } from './worker-deps.ts';

/** Looks at a change's connection, and at its gateway when the lane is one. */
export function lookFor(
  deps: StepDeps,
  held: HeldLane,
  { change, intent }: Assignment,
  options: { awaitsGateway: boolean; notBefore: number },
): Promise<Sight> {
  // What a change does off its lane still concerns the gateway that it hangs on.
  const laneKey = change.laneKey ?? held.laneKey;
  const vpnGatewayId = laneKey.startsWith('gateway:') ? (laneKey.split('/')[1] ?? null) : null;
  const { regionId, vpnConnectionId } = change;
  const ownRead = needsOwnRead(intent.fields);
  return deps.reader.look({
    regionId,
    vpnConnectionId,
    vpnGatewayId,
    needsOwnRead: ownRead,
    ...options,
  });
}

/**
 * The monotonic time of the tick on which looks of this moment were due. What was read since then is what such a look
 * would read.
 */
export function thisTick(deps: StepDeps): number {
  return deps.clock.monotonic() - (deps.clock.now() % deps.settings.pollIntervalMs);
}

/** Whether looks at the lane's change are sparable: an attachment is read alone, and here nothing waits behind it. */
export function isSparable({ kind, backlog }: HeldLane): boolean {
  return kind === 'connection' && backlog === 0;
}
