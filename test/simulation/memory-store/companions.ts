import { backUpEachOther } from '../../../shared/connection/redundancy.ts';
import type { StoredChange, StoredJob, Tables } from './tables.ts';

/** Whether nothing of an unfinished change was written, and none of it is under way. */
export function isUnwritten({ state, settledAttempts, handover }: StoredChange['record']): boolean {
  const isDelivering = state === 'delivering' && settledAttempts === 0;
  return state === 'queued' || (isDelivering && handover.direction === 'forth');
}

/** The change in flight that a waiting one keeps out of the way of, since its connection backs the other one up. */
export function companionOf(tables: Tables, change: StoredChange): StoredChange | undefined {
  const { record, leadsTo } = change;
  if (tables.jobs.get(record.jobId)?.settings.rollout.redundancy !== 'groups') return undefined;
  return tables.unfinished().find((other) => {
    const isSame =
      other.record.regionId === record.regionId &&
      other.record.vpnConnectionId === record.vpnConnectionId;
    if (isSame || isUnwritten(other.record) || leadsTo === null || other.leadsTo === null)
      return false;
    return backUpEachOther(leadsTo, other.leadsTo);
  });
}

/** Has the changes of each connection of a job that is released lead to where all of them lead to. */
export function shareEnds(tables: Tables, job: StoredJob): void {
  const all = [...tables.changes.values()];
  const isOf = (one: StoredChange) => (other: StoredChange) =>
    other.record.regionId === one.record.regionId &&
    other.record.vpnConnectionId === one.record.vpnConnectionId;
  for (const waiting of tables.changesOf(job.id).filter(({ record }) => !record.finishedAt)) {
    const sharing = all.filter(isOf(waiting));
    const standing = sharing.filter(
      ({ record, isReleased }) => !record.finishedAt && (isReleased || record.jobId === job.id),
    );
    for (const change of standing) {
      const acceptedAt = Date.parse(tables.jobs.get(change.record.jobId)?.createdAt ?? '');
      const ended = sharing.filter(
        ({ record: { finishedAt, resultFingerprint } }) =>
          resultFingerprint !== null && finishedAt !== null && Date.parse(finishedAt) > acceptedAt,
      );
      const ends = [...standing, ...ended].flatMap(({ leadsTo }) => leadsTo ?? []);
      if (change.leadsTo === null) continue;
      change.leadsTo = {
        ...change.leadsTo,
        customerAddresses: [...new Set(ends.flatMap((each) => each.customerAddresses))],
        remoteSubnets: [...new Set(ends.flatMap((each) => each.remoteSubnets))],
      };
    }
  }
}
