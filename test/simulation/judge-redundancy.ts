import type { WriteRecord } from '../../local/simulator/writes.ts';
import { backUpEachOther } from '../../shared/connection/redundancy.ts';
import type { ChangeView, StoredEvent } from '../../shared/job/job-store.ts';
import { LeadsTo } from '../../shared/journal/history.ts';
import type { Submission } from './worlds.ts';

type JudgedChange = ChangeView & { events: readonly StoredEvent[] };

/** A change from the start that led to a write which the cloud took, until the cloud was done with its last one. */
interface Flight {
  change: JudgedChange;
  leadsTo: LeadsTo;
  from: number;
  to: number;
  /** Whether its job keeps groups apart. */
  cares: boolean;
}

/**
 * P6: what a job that keeps groups apart began while a connection that backs it up was in flight. A job that does not may begin
 * something meanwhile, and what was in flight goes on. Changes that ended before the cloud was done with them are left out: nobody
 * waits for those.
 */
export function notKeptApart(
  {
    submissions,
    heard,
  }: { submissions: readonly Submission[]; heard: ReadonlyMap<string, readonly string[]> },
  writes: readonly { write: WriteRecord; change: JudgedChange | null }[],
): string[] {
  const cares = ({ jobId }: JudgedChange): boolean =>
    submissions.some(
      ({ key, plan }) => heard.get(key)?.includes(jobId) && plan.rollout.redundancy === 'groups',
    );
  const changes = [...new Set(writes.flatMap(({ change }) => change ?? []))];
  const flights = changes.flatMap((change) =>
    flightOf(
      change,
      writes.flatMap((each) => (each.change === change ? [each.write] : [])),
    ).map((flight) => ({ ...flight, cares: cares(change) })),
  );
  return flights.flatMap((later) =>
    flights
      .filter((earlier) => isTogether(earlier, later) && later.cares)
      .map(
        ({ change }) =>
          `${later.change.id} began while ${change.id}, whose connection backs it up, was in flight`,
      ),
  );
}

/** Of two that began in one instant it is not known which was first: then both have to care. */
function isTogether(earlier: Flight, later: Flight): boolean {
  if (earlier.change.vpnConnectionId === later.change.vpnConnectionId) return false;
  const isBefore = earlier.from < later.from || (earlier.from === later.from && earlier.cares);
  return isBefore && earlier.to > later.from && backUpEachOther(earlier.leadsTo, later.leadsTo);
}

function flightOf(
  change: JudgedChange,
  writes: readonly WriteRecord[],
): readonly Omit<Flight, 'cares'>[] {
  const resolved = change.events.find(({ kind }) => kind === 'resolved');
  const leadsTo = LeadsTo.safeParse(resolved?.data.leadsTo).data;
  if (change.state !== 'succeeded' || !leadsTo) return [];
  const firstWrite = Math.min(...writes.map(({ acceptedAt }) => acceptedAt));
  const starts = change.events.flatMap(({ kind, at }) =>
    kind === 'started' ? Date.parse(at) : [],
  );
  const from = Math.max(...starts.filter((at) => at <= firstWrite));
  const to = Math.max(...writes.map(({ settledAt }) => settledAt ?? Infinity));
  return [{ change, leadsTo, from, to }];
}
