import { holdReason } from '../job/hold.ts';
import type { ChangeView } from '../job/job-store.ts';
import { type Ahead, mostCounted, type QueuePlace } from '../job/queue-place.ts';

/** What a change that is queued waits for before its lane matters, as a sentence; null when nothing else stands before it. */
export function waitingAtTheDoor(change: ChangeView): string | null {
  const { queue, pauseReason, freeze } = change;
  if (queue?.hold) return sentence(holdReason(queue.hold));
  if (pauseReason !== null) return `Waits until the job is resumed: ${pauseReason}.`;
  if (queue?.batch) return waitingForBatch(change, queue.batch);
  if (freeze === null) return null;
  return `Waits until ${freeze.until}, when freeze ${freeze.name} ends: ${freeze.reason}.`;
}

function waitingForBatch(change: ChangeView, batch: NonNullable<QueuePlace['batch']>): string {
  const { number, of, left, rounds, pauses } = batch;
  const what = `Waits for batch ${number} of ${of}: ${countOf(left)} of the open batch ${left === 1 ? 'has' : 'have'} not ended.`;
  if (pauses) return `${what} Then the job pauses until it is resumed.`;
  return rounds === null ? what : `${what}${beginsIn(change, rounds, 'least')}`;
}

/** Which changes come before one that is queued and may begin, as a sentence; null when it is the next of its lane. */
export function waitingInLine(change: ChangeView): string | null {
  const { queue, laneChange, laneKey, regionId, vpnConnectionId } = change;
  const { connectionAhead = null, laneAhead = null } = queue ?? {};
  if (laneChange !== null) {
    const others = laneAhead === null ? 0 : laneAhead.others + 1;
    const begins = beginsInLine(change, others + 1);
    const first = `Waits for change ${laneChange.id} of job ${laneChange.jobId}, which is in flight on ${laneKey}`;
    return `${first}${othersOf(others)}.${begins}`;
  }
  if (connectionAhead !== null) {
    const begins = beginsInLine(change, laneAhead === null ? 0 : laneAhead.others + 1);
    return `${aheadOf(connectionAhead)} on connection ${regionId}/${vpnConnectionId}.${begins}`;
  }
  if (laneAhead === null) return null;
  return `${aheadOf(laneAhead)} on ${laneKey}.${beginsInLine(change, laneAhead.others + 1)}`;
}

/** The change in flight that backs it up, as a sentence; null when there is none. */
export function waitingForCompanion({ companion }: ChangeView): string | null {
  if (companion === null) return null;
  const { id, jobId, vpnConnectionId } = companion;
  // Others of its group may go first in any order, so that nobody can tell when.
  return `Waits for change ${id} of job ${jobId}: ${vpnConnectionId}, which backs this connection up, is in flight.`;
}

/** That no change of its job may begin now, as a sentence; null when one may. */
export function waitingForSlot(change: ChangeView): string | null {
  const { queue } = change;
  if (!queue?.slots) return null;
  const { inFlight, limit } = queue.slots;
  const begins = beginsIn(change, roundsOf(queue.slots));
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
function beginsInLine(change: ChangeView, onLane: number): string {
  const { connectionAhead = null, slots = null } = change.queue ?? {};
  if (connectionAhead?.isHeld) return '';
  if (connectionAhead !== null)
    return beginsIn(change, Math.max(connectionAhead.others + 1, onLane), 'least');
  if (isUncounted(onLane - 1)) return beginsIn(change, onLane, 'least');
  return beginsIn(change, onLane + roundsOf(slots));
}

/** How often as many as may be in flight have to end at most until one of the slots is its own. */
function roundsOf(slots: QueuePlace['slots']): number {
  return slots === null ? 0 : Math.floor(slots.ahead / slots.limit) + 1;
}

/**
 * When it may begin, if so many before it, one after the other, take as long as changes like it took so far. What of them is in flight
 * may be nearly over, so that one less is the least. What was measured is one write; who is before it may have as many as it has itself.
 */
function beginsIn(change: ChangeView, before: number, bound: 'least' | 'most' = 'most'): string {
  const settleMs = change.queue?.settleMs ?? null;
  if (settleMs === null || settleMs <= 0) return '';
  const begins = ' By settle times so far it begins';
  if (bound === 'most') {
    const most = Math.ceil((before * mostParts(change) * settleMs) / 60_000);
    return `${begins} within ${most} min.`;
  }
  const least = Math.floor(((before - 1) * settleMs) / 60_000);
  return least < 1 ? '' : `${begins} in ${least} min or more.`;
}

/** How many writes a change like it takes at most: one for each tunnel of a pair, and one for what is of the connection. */
function mostParts({ tunnels, diff }: ChangeView): number {
  if (tunnels.length === 0) return 1;
  const ofConnection = diff.some(({ path }) => !path.startsWith('TunnelOptionsSpecification['));
  return tunnels.length + (ofConnection ? 1 : 0);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
