import type { ClaimedLane } from '../lane/lane-store.ts';
import type { Clock } from '../platform/clock.ts';

/** A lane that was in nobody's hands here for so long is at work no more, or in other hands. */
const keptMs = 60_000;

type Lane = Pick<ClaimedLane, 'laneKey' | 'regionId' | 'backlog'>;

/** How long the gateways' lanes of a region are, by the changes that wait on them, as this worker saw them within the last minute. */
export interface LaneLengths {
  /** So many changes wait on the lane now. */
  saw(lane: Lane): void;
  /** How many are at work in the region. */
  atWork(regionId: string): number;
  /** Whether changes wait on the lane, and on no other more: such lanes decide when all is done. */
  isLongest(lane: Lane): boolean;
}

interface Seen {
  backlog: number;
  at: number;
}

/** Lengths of the lanes that this worker holds or held of late. */
export function createLaneLengths(clock: Clock): LaneLengths {
  const regions = new Map<string, Map<string, Seen>>();

  function lanesOf(regionId: string): Map<string, Seen> {
    const lanes = regions.get(regionId) ?? new Map<string, Seen>();
    regions.set(regionId, lanes);
    const earliest = clock.monotonic() - keptMs;
    // The oldest come first, as each sight of a lane puts it last.
    for (const [key, { at }] of lanes) {
      if (at >= earliest) break;
      lanes.delete(key);
    }
    return lanes;
  }

  return {
    saw({ laneKey, regionId, backlog }) {
      const lanes = lanesOf(regionId);
      lanes.delete(laneKey);
      lanes.set(laneKey, { backlog, at: clock.monotonic() });
    },
    atWork: (regionId) => lanesOf(regionId).size,
    isLongest({ regionId, backlog }) {
      if (backlog === 0) return false;
      for (const other of lanesOf(regionId).values()) if (other.backlog > backlog) return false;
      return true;
    },
  };
}
