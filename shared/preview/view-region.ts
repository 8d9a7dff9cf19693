import type { RegionView } from './preview-targets.ts';
import type { ScanDeps } from './scan-deps.ts';
import { readUnlisted, type ScanOutcome, type ScanTimes, scanRegion } from './scan-region.ts';

type Later = Extract<ScanOutcome, { kind: 'later' }>;

/** What is to be known of a region: these connections, or with `isWhole` all that are listed and these. */
export interface WantedRegion extends ScanTimes {
  regionId: string;
  ids: readonly string[];
  isWhole: boolean;
}

/** What is known of a region when everything that is wanted there was looked at, or that it takes longer. */
export async function viewRegion(
  scanning: ScanDeps,
  { regionId, ids, isWhole, ...times }: WantedRegion,
): Promise<RegionView | Later> {
  for (;;) {
    const scan = await scanRegion(scanning, regionId, times);
    if (scan.kind !== 'finished') return scan;
    const found = { regionId, number: scan.number };
    const inventory = await scanning.inventory.read(found, isWhole ? null : ids);
    // Somebody's newer scan has taken its place: that one will do.
    if (inventory === null) continue;
    const unlisted = ids.filter((id) => !inventory.connections.has(id));
    if (unlisted.length === 0) return { kind: 'seen', inventory };
    const { deadline } = times;
    const obstacle = await readUnlisted(scanning, found, { ids: unlisted, deadline });
    if (obstacle) return obstacle;
  }
}
