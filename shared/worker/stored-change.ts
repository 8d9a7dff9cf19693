import { type PartOfChange, partNamed, type WholeChange } from '../change/parts.ts';
import type { ChangeRecord, ChangeTunnel } from '../change/record.ts';
import { fieldTable } from '../connection/fields.ts';
import type { MaskedValues } from '../connection/mask.ts';
import { isUp, type Tunnel } from '../connection/model.ts';
import { partsOf } from '../connection/values.ts';
import { type ChangePart, connectionPart } from '../connection/vpn-api.ts';
import { plannedValues, previousValues } from '../job/opened-values.ts';
import type { Assignment } from '../lane/lane-store.ts';
import type { StepDeps } from './worker-deps.ts';

/** Everything that a change wants now, on the connection as it is stored: the plan's values, or those of before. */
export function wholeChange(deps: Pick<StepDeps, 'sealer'>, assignment: Assignment): WholeChange {
  const { change } = assignment;
  const wanted = isGoingBack(change)
    ? previousValues(deps, change)
    : plannedValues(deps, assignment);
  return { wanted, base: change.base ?? {}, tunnels: change.tunnels };
}

/** The part of a change that its stored request is for. */
export function storedPart(deps: Pick<StepDeps, 'sealer'>, assignment: Assignment): PartOfChange {
  return partNamed(assignment.change.part ?? connectionPart, wholeChange(deps, assignment));
}

/** Whether what the change wrote is being taken back. */
export function isGoingBack({ handover }: Pick<ChangeRecord, 'handover'>): boolean {
  return handover.direction === 'back';
}

/** Whether the change is one of a job that takes another one back: its values are those of before. */
export function isRestoring({ intent }: Pick<Assignment, 'intent'>): boolean {
  return intent.expected !== null;
}

/** Whether some part of the change was applied already: then it cannot go back to the queue, nor be cancelled. */
export function isHalfDone(change: Pick<ChangeRecord, 'settledAttempts' | 'handover'>): boolean {
  return change.settledAttempts > 0 || isGoingBack(change);
}

/** The state of a change at work on its lane. */
export function stateOnLane(change: ChangeRecord): 'applying' | 'rolling_back' {
  return isGoingBack(change) ? 'rolling_back' : 'applying';
}

/** What is write-only among some values: no answer repeats it, so it is remembered. */
export function writeOnlyOf(values: MaskedValues | null): MaskedValues {
  return Object.fromEntries(
    Object.entries(values ?? {}).filter(([path]) => {
      const parts = partsOf(path);
      return parts !== null && !fieldTable[parts.field].readable;
    }),
  );
}

/**
 * The tunnels as they are now, with what is remembered of them. The one that is turned to is judged afresh; not so once its new
 * values were handed over, since then its other side may have let go of the old ones already.
 */
export function rememberTunnels(
  tunnels: readonly Tunnel[],
  before: readonly ChangeTunnel[],
  turningTo: { part: ChangePart; isHandedOver: boolean } | null = null,
): readonly ChangeTunnel[] {
  return tunnels.map((tunnel) => {
    const known = before.find(({ tunnelId }) => tunnelId === tunnel.tunnelId);
    const isTurnedTo = turningTo?.part === tunnel.tunnelId;
    const remembered = isTurnedTo && !turningTo.isHandedOver ? null : (known?.wasUp ?? null);
    const wasUp = remembered ?? (isTurnedTo ? isUp(tunnel) : null);
    const { tunnelId, role, index, state, negotiation } = tunnel;
    const verdict = known?.verdict ?? null;
    const downSince = isUp(tunnel) ? null : (known?.downSince ?? null);
    return { tunnelId, role, index, state, negotiation, wasUp, downSince, verdict };
  });
}
