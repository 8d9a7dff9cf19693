import { z } from 'zod';
import { type ChangeDelivery, type HandoverProgress, withDelivery } from '../../change/handover.ts';
import { changeStates } from '../../change/state.ts';
import type { Acknowledgements } from '../../job/acknowledgements.ts';
import type { ChangeVerbOutcome } from '../../job/change-verbs.ts';
import { canonicalJson } from '../../platform/canonical.ts';
import type { Database, Query } from './database.ts';
import { HandoverRow } from './handover-row.ts';
import { changeViewOf } from './job-store.ts';

const WaitingRow = z.object({ state: z.enum(changeStates), handover: HandoverRow });

/** What an acknowledgement comes to: the delivery with it, nothing since it was given before, or why it does not fit. */
type Effect =
  | { kind: 'apply'; delivery: ChangeDelivery }
  | { kind: 'nothing' }
  | { kind: 'conflict'; reason: string };

/** Acknowledgements on PostgreSQL. Whoever delivers meanwhile loses its lease, and finds the word given when it comes again. */
export function createPgAcknowledgements(database: Database): Acknowledgements {
  return {
    async acknowledge(of, tunnelId, actor) {
      const outcome = await database.transaction((run) => acknowledge(run, of, tunnelId, actor));
      if (outcome !== null) return outcome;
      const change = await changeViewOf(database.query, of);
      return change ? { kind: 'done', change } : { kind: 'not_found' };
    },
  };
}

async function acknowledge(
  run: Query,
  { jobId, changeId }: { jobId: string; changeId: string },
  tunnelId: string | null,
  actor: string,
): Promise<ChangeVerbOutcome | null> {
  const laneKey = `change:${changeId}`;
  await run('SELECT 1 FROM lanekeeper.lane WHERE lane_key = $1 FOR UPDATE', [laneKey]);
  const [row] = await run(
    'SELECT state, handover FROM lanekeeper.change WHERE id = $1 AND job_id = $2 FOR UPDATE',
    [changeId, jobId],
  );
  if (row === undefined) return { kind: 'not_found' };
  const { state, handover } = WaitingRow.parse(row);
  const effect = effectOf(handover, state === 'delivering', tunnelId);
  if (effect.kind === 'conflict') return effect;
  if (effect.kind === 'nothing') return null;
  const { part, direction } = effect.delivery;
  await run(
    `WITH c AS (
       UPDATE lanekeeper.change SET handover = $2, events = events + 1 WHERE id = $1 RETURNING id, events, job_id),
     errand AS (
       UPDATE lanekeeper.lane SET due_at = lanekeeper.now(), worker = NULL, epoch = epoch + 1 WHERE lane_key = $3)
     INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
     SELECT c.id, c.events, c.job_id, lanekeeper.now(), 'acknowledged', $4::json FROM c`,
    [
      changeId,
      JSON.stringify(withDelivery(handover, effect.delivery)),
      laneKey,
      canonicalJson({ part, direction, by: actor }),
    ],
  );
  return null;
}

function effectOf(
  { deliveries }: HandoverProgress,
  isDelivering: boolean,
  tunnelId: string | null,
): Effect {
  const open = isDelivering ? deliveries.find(({ stage }) => stage === 'open') : undefined;
  const isMeant = tunnelId === null || open?.part === tunnelId;
  if (open && isMeant) {
    return open.isAcknowledged
      ? { kind: 'nothing' }
      : { kind: 'apply', delivery: { ...open, isAcknowledged: true } };
  }
  const isGiven = deliveries.some(
    ({ part, isAcknowledged }) => isAcknowledged && (tunnelId === null || part === tunnelId),
  );
  if (isGiven) return { kind: 'nothing' };
  const reason = open
    ? `it waits for ${open.part}, not for ${tunnelId}`
    : 'it does not wait for an acknowledgement';
  return { kind: 'conflict', reason };
}
