import { backUpEachOther } from '../../../shared/connection/redundancy.ts';
import type { StoredChange, Tables } from './tables.ts';

/** Whether a change is in flight: from its start to its end, unless it went back to wait with nothing of it written. */
function isInFlight({ record: { state, settledAttempts } }: StoredChange): boolean {
  return state !== 'queued' && (state !== 'delivering' || settledAttempts > 0);
}

/** The change in flight that a waiting one keeps out of the way of, since its connection backs the other one up. */
export function companionOf(tables: Tables, change: StoredChange): StoredChange | undefined {
  const { record, leadsTo } = change;
  if (tables.jobs.get(record.jobId)?.settings.rollout.redundancy !== 'groups') return undefined;
  return tables.unfinished().find((other) => {
    const isSame =
      other.record.regionId === record.regionId &&
      other.record.vpnConnectionId === record.vpnConnectionId;
    if (isSame || !isInFlight(other) || leadsTo === null || other.leadsTo === null) return false;
    return backUpEachOther(leadsTo, other.leadsTo);
  });
}
