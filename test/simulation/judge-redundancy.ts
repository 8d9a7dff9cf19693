import type { WriteRecord } from '../../local/simulator/writes.ts';
import { backUpEachOther } from '../../shared/connection/redundancy.ts';
import type { ChangeView, StoredEvent } from '../../shared/job/job-store.ts';
import { LeadsTo } from '../../shared/journal/history.ts';
import type { Submission } from './worlds.ts';

type JudgedChange = ChangeView & { events: readonly StoredEvent[] };

interface Flight {
  write: WriteRecord;
  change: JudgedChange;
  leadsTo: LeadsTo;
}

/**
 * P6: what a job that keeps groups apart began while the cloud was at work on a connection that backs it up. Changes that ended
 * before the cloud was done with them are left out: nobody waits for those.
 */
export function notKeptApart(
  {
    submissions,
    heard,
  }: { submissions: readonly Submission[]; heard: ReadonlyMap<string, readonly string[]> },
  writes: readonly { write: WriteRecord; change: JudgedChange | null }[],
): string[] {
  const flights = writes.flatMap(({ write, change }): Flight[] => {
    const resolved = change?.events.find(({ kind }) => kind === 'resolved');
    const leadsTo = LeadsTo.safeParse(resolved?.data.leadsTo).data;
    return change?.state === 'succeeded' && leadsTo ? [{ write, change, leadsTo }] : [];
  });
  const cares = ({ jobId }: JudgedChange): boolean =>
    submissions.some(
      ({ key, plan }) => heard.get(key)?.includes(jobId) && plan.rollout.redundancy === 'groups',
    );
  return flights
    .filter(({ change }) => cares(change))
    .flatMap((later) =>
      flights
        .filter(
          ({ write, change, leadsTo }) =>
            change.vpnConnectionId !== later.change.vpnConnectionId &&
            write.acceptedAt < later.write.acceptedAt &&
            (write.settledAt ?? Infinity) > later.write.acceptedAt &&
            backUpEachOther(leadsTo, later.leadsTo),
        )
        .map(
          ({ change }) =>
            `${later.change.id} began while ${change.id}, whose connection backs it up, was in flight`,
        ),
    );
}
