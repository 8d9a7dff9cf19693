import { holdReason } from '../job/hold.ts';
import type { ChangeView } from '../job/job-store.ts';
import { type Ahead, mostCounted } from '../job/queue-place.ts';

/** What a change that is queued waits for before its lane matters, as a sentence; null when nothing else stands before it. */
export function waitingAtTheDoor({ queue, pauseReason, freeze }: ChangeView): string | null {
  if (queue?.hold) return sentence(holdReason(queue.hold));
  if (pauseReason !== null) return `Waits until the job is resumed: ${pauseReason}.`;
  if (queue?.batch) {
    const { number, of, left } = queue.batch;
    return `Waits for batch ${number} of ${of}: ${countOf(left)} of the open batch ${left === 1 ? 'has' : 'have'} not ended.`;
  }
  if (freeze === null) return null;
  return `Waits until ${freeze.until}, when freeze ${freeze.name} ends: ${freeze.reason}.`;
}

/** Which changes come before one that is queued and may begin, as a sentence; null when it is the next of its lane. */
export function waitingInLine(change: ChangeView): string | null {
  const { queue, laneChange, laneKey, regionId, vpnConnectionId } = change;
  const { connectionAhead = null, laneAhead = null } = queue ?? {};
  if (laneChange !== null) {
    const others = laneAhead === null ? 0 : laneAhead.others + 1;
    const first = `Waits for change ${laneChange.id} of job ${laneChange.jobId}, which is in flight on ${laneKey}`;
    return `${first}${othersOf(others)}.${beginsIn(change, others + 1)}`;
  }
  if (connectionAhead !== null) {
    return `${aheadOf(connectionAhead)} on connection ${regionId}/${vpnConnectionId}.`;
  }
  if (laneAhead === null) return null;
  return `${aheadOf(laneAhead)} on ${laneKey}.${beginsIn(change, laneAhead.others + 1)}`;
}

/** That no change of its job may begin now, as a sentence; null when one may. */
export function waitingForSlot({ queue }: ChangeView): string | null {
  if (!queue?.slots) return null;
  const { inFlight, limit } = queue.slots;
  return `Waits for a slot of its job: ${inFlight} of ${limit} are taken by changes in flight.`;
}

function aheadOf({ id, jobId, others }: Ahead): string {
  const comes = others === 0 ? 'which comes before it' : 'which come before it';
  return `Waits for change ${id} of job ${jobId}${others === 0 ? ', ' : ` and ${countOf(others)}, `}${comes}`;
}

function othersOf(others: number): string {
  return others === 0 ? '' : `, and for ${countOf(others)} before it there`;
}

function countOf(changes: number): string {
  if (changes >= mostCounted - 1) return `${changes} or more changes`;
  return changes === 1 ? '1 change' : `${changes} changes`;
}

/** When it may begin, if those before it take as long as changes like it took so far. */
function beginsIn({ queue }: ChangeView, before: number): string {
  const settleMs = queue?.settleMs ?? null;
  if (settleMs === null || settleMs <= 0) return '';
  const minutes = Math.ceil((before * settleMs) / 60_000);
  return ` By settle times so far it begins within ${minutes} min.`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
