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
  const own = ownLastOf(tables, record);
  const ownLatent = (own?.tunnels ?? []).filter(({ verdict }) => verdict === 'latent');
  return {
    change: record,
    intent,
    terms,
    ownFingerprint: own?.resultFingerprint ?? null,
    ownLatent: ownLatent.map(({ tunnelId }) => tunnelId),
  };
}

/** Our own last change that left something on the connection, by the order of their ends. */
function ownLastOf(
  tables: Tables,
  { regionId, vpnConnectionId }: StoredChange['record'],
): StoredChange['record'] | undefined {
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
  return last?.record;
}
