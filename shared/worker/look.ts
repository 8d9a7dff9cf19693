import { needsOwnRead } from '../connection/values.ts';
import type { Sight } from '../inventory/sights.ts';
import type { Assignment, ClaimedLane } from '../lane/lane-store.ts';
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

/** From so many gateways at work in a region on, one list of those that are updating tells of all: looks cost next to nothing. */
const crowd = 10;

/**
 * The time between two ticks on which the lane's change is looked at while it settles, milliseconds: the poll interval, and half of it
 * for the lanes of gateways on which most is waiting. These decide when all is done, and a look that comes late delays what follows.
 */
export function tickOf(deps: StepDeps, lane: Omit<ClaimedLane, 'assignment'>): number {
  const { laneLengths, settings } = deps;
  if (lane.kind !== 'gateway') return settings.pollIntervalMs;
  laneLengths.saw(lane);
  const isQuick = laneLengths.isLongest(lane) && laneLengths.atWork(lane.regionId) >= crowd;
  return isQuick ? shortestTick(deps) : settings.pollIntervalMs;
}

/** The shortest of all these ticks, milliseconds: half a poll interval. */
export function shortestTick({ settings }: Pick<StepDeps, 'settings'>): number {
  return settings.pollIntervalMs / 2;
}

/**
 * The monotonic time of the tick on which looks of this moment were due. What was read since then is what such a look
 * would read.
 */
export function thisTick(deps: StepDeps, tickMs = deps.settings.pollIntervalMs): number {
  return deps.clock.monotonic() - (deps.clock.now() % tickMs);
}

/** Whether looks at the lane's change are sparable: an attachment is read alone, and here nothing waits behind it. */
export function isSparable({ kind, backlog }: HeldLane): boolean {
  return kind === 'connection' && backlog === 0;
}
