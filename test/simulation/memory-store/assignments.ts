import type { Assignment } from '../../../shared/lane/lane-store.ts';
import { AppError } from '../../../shared/platform/errors.ts';
import { compareText } from './queues.ts';
import type { StoredChange, Tables } from './tables.ts';

/** A change as a worker is given it. */
export function assignmentOf(tables: Tables, change: StoredChange): Assignment {
  const { record, intentNumber } = change;
  const job = tables.jobs.get(record.jobId);
  const intent = job?.intents.find(({ number }) => number === intentNumber);
  if (job === undefined || intent === undefined)
    throw new AppError('internal', `${record.id} has no intent`);
  const { handover, verifyTimeoutSeconds } = job.settings;
  const terms = { ...handover, verifyTimeoutSeconds, onFailure: job.onFailure };
  return { change: record, intent, terms, ownFingerprint: ownFingerprintOf(tables, record) };
}

/** What our own last change left on the connection, by the order of their ends. */
function ownFingerprintOf(
  tables: Tables,
  { regionId, vpnConnectionId }: StoredChange['record'],
): string | null {
  const [last] = [...tables.changes.values()]
    .filter(
      ({ record }) =>
        record.resultFingerprint !== null &&
        record.regionId === regionId &&
        record.vpnConnectionId === vpnConnectionId,
    )
    .sort(
      (a, b) =>
        compareText(b.record.finishedAt ?? '', a.record.finishedAt ?? '') ||
        b.position - a.position ||
        b.record.seq - a.record.seq,
    );
  return last?.record.resultFingerprint ?? null;
}
