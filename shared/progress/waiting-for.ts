import { isFinalChange } from '../change/state.ts';
import type { ChangeView } from '../job/job-store.ts';
import { waitingAtTheDoor, waitingForSlot, waitingInLine } from './waiting-to-begin.ts';

const msPerSecond = 1000;

/** What a change waits for, as a sentence; null when it has ended or is being worked on. */
export function waitingForOf(change: ChangeView): string | null {
  if (isFinalChange(change.state)) return null;
  const { laneKey, lastError } = change;
  if (change.state === 'queued' && laneKey === null) {
    return 'Waits until the job is resolved: its connection has not been read yet.';
  }
  if (change.state === 'queued') {
    const inTheWay = waitingAtTheDoor(change) ?? waitingInLine(change);
    if (inTheWay !== null) return inTheWay;
  }
  if (lastError !== null && change.state === 'verifying') return causeOf(change);
  if (lastError !== null && change.laneDueInMs !== null) {
    return `${causeOf(change)} ${whenOf(change.laneDueInMs)}`;
  }
  if (change.state !== 'queued') return null;
  return waitingForSlot(change) ?? 'Waits for its turn.';
}

function causeOf({ lastError, laneKey }: ChangeView): string {
  switch (lastError?.class) {
    case 'busy':
      return `Waits for another operation on ${laneKey} (${lastError.code}).`;
    case 'throttled':
      return `Waits for the API budget of the region (${lastError.code}).`;
    case 'tunnel_down':
      return `Waits for a tunnel: ${lastError.message}.`;
    default:
      return `Waits after ${lastError?.code ?? 'an error'}.`;
  }
}

function whenOf(dueInMs: number): string {
  const seconds = Math.max(1, Math.ceil(dueInMs / msPerSecond));
  return `Looked at again in ${seconds} s.`;
}
