import { holdReason } from '../job/hold.ts';
import type { ChangeView } from '../job/job-store.ts';
import { type Ahead, mostCounted, type QueuePlace } from '../job/queue-place.ts';

/** What a change that is queued waits for before its lane matters, as a sentence; null when nothing else stands before it. */
export function waitingAtTheDoor({ queue, pauseReason, freeze }: ChangeView): string | null {
  if (queue?.hold) return sentence(holdReason(queue.hold));
  if (pauseReason !== null) return `Waits until the job is resumed: ${pauseReason}.`;
  if (queue?.batch) return waitingForBatch(queue, queue.batch);
  if (freeze === null) return null;
  return `Waits until ${freeze.until}, when freeze ${freeze.name} ends: ${freeze.reason}.`;
}

function waitingForBatch(queue: QueuePlace, batch: NonNullable<QueuePlace['batch']>): string {
  const { number, of, left, rounds, pauses } = batch;
  const what = `Waits for batch ${number} of ${of}: ${countOf(left)} of the open batch ${left === 1 ? 'has' : 'have'} not ended.`;
  if (pauses) return `${what} Then the job pauses until it is resumed.`;
  return rounds === null ? what : `${what}${beginsIn(queue, rounds, 'least')}`;
}

/** Which changes come before one that is queued and may begin, as a sentence; null when it is the next of its lane. */
export function waitingInLine(change: ChangeView): string | null {
  const { queue, laneChange, laneKey, regionId, vpnConnectionId } = change;
  const { connectionAhead = null, laneAhead = null } = queue ?? {};
  if (laneChange !== null) {
    const others = laneAhead === null ? 0 : laneAhead.others + 1;
    const begins = beginsInLine(queue, others + 1);
    const first = `Waits for change ${laneChange.id} of job ${laneChange.jobId}, which is in flight on ${laneKey}`;
    return `${first}${othersOf(others)}.${begins}`;
  }
  if (connectionAhead !== null) {
    const begins = beginsInLine(queue, laneAhead === null ? 0 : laneAhead.others + 1);
    return `${aheadOf(connectionAhead)} on connection ${regionId}/${vpnConnectionId}.${begins}`;
  }
  if (laneAhead === null) return null;
  return `${aheadOf(laneAhead)} on ${laneKey}.${beginsInLine(queue, laneAhead.others + 1)}`;
}

/** The change in flight that backs it up, as a sentence; null when there is none. */
export function waitingForCompanion({ companion }: ChangeView): string | null {
  if (companion === null) return null;
  const { id, jobId, vpnConnectionId } = companion;
  // Others of its group may go first in any order, so that nobody can tell when.
  return `Waits for change ${id} of job ${jobId}: ${vpnConnectionId}, which backs this connection up, is in flight.`;
}

/** That no change of its job may begin now, as a sentence; null when one may. */
export function waitingForSlot({ queue }: ChangeView): string | null {
  if (!queue?.slots) return null;
  const { inFlight, limit } = queue.slots;
  const begins = beginsIn(queue, roundsOf(queue.slots));
  return `Waits for a slot of its job: ${inFlight} of ${limit} are taken by changes in flight.${begins}`;
}

function aheadOf({ id, jobId, others }: Ahead): string {
  const comes = others === 0 ? 'which comes before it' : 'which come before it';
  return `Waits for change ${id} of job ${jobId}${others === 0 ? ', ' : ` and ${othersCounted(others)}, `}${comes}`;
}

function othersOf(others: number): string {
  return others === 0 ? '' : `, and for ${othersCounted(others)} before it there`;
}

function othersCounted(others: number): string {
  return isUncounted(others) ? `${others} or more changes` : countOf(others);
}

/** Whether there may be more, as no more are counted. */
function isUncounted(others: number): boolean {
  return others >= mostCounted - 1;
}

function countOf(changes: number): string {
  return changes === 1 ? '1 change' : `${changes} changes`;
}

/**
 * When it may begin after so many of its lane, each of which may have to wait for a slot too. What comes before it on its connection
 * keeps it back while others pass, of which nobody can tell the most.
 */
function beginsInLine(queue: QueuePlace | null, onLane: number): string {
  const { connectionAhead = null, slots = null } = queue ?? {};
  if (connectionAhead?.isHeld) return '';
  if (connectionAhead !== null)
    return beginsIn(queue, Math.max(connectionAhead.others + 1, onLane), 'least');
  if (isUncounted(onLane - 1)) return beginsIn(queue, onLane, 'least');
  return beginsIn(queue, onLane + roundsOf(slots));
}

/** How often as many as may be in flight have to end at most until one of the slots is its own. */
function roundsOf(slots: QueuePlace['slots']): number {
  return slots === null ? 0 : Math.floor(slots.ahead / slots.limit) + 1;
}

/**
 * When it may begin, if so many before it, one after the other, take as long as changes like it took so far. What of them is in flight
 * may be nearly over, so that one less is the least.
 */
function beginsIn(
  queue: QueuePlace | null,
  before: number,
  bound: 'least' | 'most' = 'most',
): string {
  const settleMs = queue?.settleMs ?? null;
  if (settleMs === null || settleMs <= 0) return '';
  const begins = ' By settle times so far it begins';
  if (bound === 'most') return `${begins} within ${Math.ceil((before * settleMs) / 60_000)} min.`;
  const least = Math.floor(((before - 1) * settleMs) / 60_000);
  return least < 1 ? '' : `${begins} in ${least} min or more.`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
