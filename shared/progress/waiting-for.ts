import { isFinalChange } from '../change/state.ts';
import { connectionPart } from '../connection/vpn-api.ts';
import type { ChangeView } from '../job/job-store.ts';
import {
  waitingAtTheDoor,
  waitingForCompanion,
  waitingForSlot,
  waitingInLine,
} from './waiting-to-begin.ts';

const msPerSecond = 1000;

/** What a change waits for, as a sentence; null when it has ended or is being worked on. */
export function waitingForOf(change: ChangeView): string | null {
  if (isFinalChange(change.state)) return null;
  return waitingOffLane(change) ?? waitingOnLane(change);
}

function waitingOffLane(change: ChangeView): string | null {
  if (change.state === 'delivering') return handingOver(change);
  return change.state === 'verifying' && change.step === 'prove' ? proving(change) : null;
}

function waitingOnLane(change: ChangeView): string | null {
  const { laneKey, lastError } = change;
  if (change.state === 'queued' && laneKey === null) {
    return 'Waits until the job is resolved: its connection has not been read yet.';
  }
  if (change.state === 'queued') {
    const inTheWay =
      waitingAtTheDoor(change) ?? waitingInLine(change) ?? waitingForCompanion(change);
    if (inTheWay !== null) return inTheWay;
  }
  if (lastError !== null && change.state === 'verifying') return causeOf(change);
  if (lastError !== null && change.laneDueInMs !== null) {
    return `${causeOf(change)} ${whenOf(change.laneDueInMs)}`;
  }
  if (change.state !== 'queued') return null;
  return waitingForSlot(change) ?? 'Waits for its turn.';
}

function handingOver({ handover, lastError }: ChangeView): string {
  const open = handover.deliveries.find(({ stage }) => stage === 'open');
  const what = open === undefined || open.part === connectionPart ? 'the connection' : open.part;
  if (lastError !== null) return `Waits until new values are delivered: ${lastError.message}.`;
  if (open?.acknowledgeUntil && !open.isAcknowledged) {
    return `Waits until ${open.acknowledgeUntil} for somebody to say that the other side has the new values of ${what}.`;
  }
  return `Waits until the new values of ${what} are delivered.`;
}

function proving({ handover, verdict }: ChangeView): string {
  const part = handover.proof?.part ?? connectionPart;
  const what = part === connectionPart ? 'the tunnel' : part;
  return verdict === 'latent'
    ? `Waits until ${what} is negotiated anew: it is up by what was negotiated before the change.`
    : `Waits until ${what} is up by its new values.`;
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
