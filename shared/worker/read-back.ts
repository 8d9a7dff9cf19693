import { compareReadBack, type ReadBack } from '../change/compare.ts';
import { partNamed } from '../change/parts.ts';
import { type MaskedValues, maskFields } from '../connection/mask.ts';
import type { VpnConnection } from '../connection/model.ts';
import { connectionPart } from '../connection/vpn-api.ts';
import type { Sight } from '../inventory/sights.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { isToBeProved } from './leave-to-prove.ts';
import { lookFor, thisTick, tickOf } from './look.ts';
import { readAtOf } from './step-results.ts';
import { wholeChange } from './stored-change.ts';
import type { HeldLane, StepDeps } from './worker-deps.ts';

/** What the connection holds beside what the part that was sent wants of it. */
export function compared(
  deps: StepDeps,
  assignment: Assignment,
  connection: VpnConnection,
): {
  whole: ReturnType<typeof wholeChange>;
  base: MaskedValues;
  wanted: MaskedValues;
  observed: MaskedValues;
  readBack: ReadBack;
} {
  const { change } = assignment;
  const whole = wholeChange(deps, assignment);
  const share = partNamed(change.part ?? connectionPart, whole);
  const observed = maskFields(connection.fields, deps.digestKey);
  const wanted = maskFields(share.wanted, deps.digestKey);
  const base = change.base ?? observed;
  return { whole, base, wanted, observed, readBack: compareReadBack({ base, wanted, observed }) };
}

/**
 * When the connection was read to lack the new values still, where these will have to be proved; null where that is not so. The
 * gateway may be at work for somebody else, and the cloud may have the values before it says that it is done.
 */
export async function lastLacking(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
  sight: Sight,
): Promise<string | null> {
  const { change } = assignment;
  if (!isToBeProved(change)) return null;
  const options = { awaitsGateway: false, notBefore: thisTick(deps, tickOf(deps, held)) };
  const own = sight.kind === 'seen' ? sight : await lookFor(deps, held, assignment, options);
  if (own.kind !== 'seen' || own.connection === null) return null;
  const { readBack } = compared(deps, assignment, own.connection);
  return readBack.kind === 'not_applied' ? readAtOf(deps, own.readAt) : null;
}
