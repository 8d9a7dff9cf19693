import type { z } from 'zod';
import { isKeyPath } from '../connection/values.ts';
import { batchFaults } from './batches.ts';
import { Handover } from './handover.ts';
import { isNested } from './nested-fields.ts';
import { Batches } from './rollout.ts';

/** A plan as far as it is read: what has faults of its own may be anything. */
interface ReadPlan {
  targets?: unknown;
  set?: unknown;
  rotatePsk?: unknown;
  handover?: unknown;
  rollout?: unknown;
}

type Report = (path: readonly PropertyKey[], message: string) => void;

/**
 * What single fields of a plan cannot tell: that every target has a wish, that no key is both given and made, that made keys
 * are delivered, and that batches grow. Told together with the faults of single fields.
 */
export function crossRules(plan: ReadPlan, context: z.RefinementCtx): void {
  const report: Report = (path, message) => {
    context.addIssue({ code: 'custom', path: [...path], message });
  };
  const targets: readonly unknown[] = Array.isArray(plan.targets) ? plan.targets : [];
  const wishes = targets.map((target) => wishOf(plan, target));
  for (const [place, wish] of wishes.entries()) reportWish(wish, place, report);
  if (wishes.some((wish) => isDoubled(wish) && wish.ofPlan)) report(['rotatePsk'], doubled);
  const rotates = wishes.some(({ rotatePsk }) => rotatePsk !== undefined);
  const handover = Handover.safeParse(plan.handover ?? {});
  if (rotates && handover.success && handover.data.deliverTo.length === 0) {
    report(['handover', 'deliverTo'], 'must name a sink, or nobody would know the new key');
  }
  for (const { index, message } of growthFaults(plan, targets)) {
    report(['rollout', 'batches', index], message);
  }
}

/** What one target wants, its own or the plan's. */
interface TargetWish {
  set: unknown;
  rotatePsk: unknown;
  /** Where `rotatePsk` stands; null when there is none at the target. */
  hasOwnRotation: boolean;
  /** Whether neither of the two is the target's own. */
  ofPlan: boolean;
}

function wishOf(plan: ReadPlan, target: unknown): TargetWish {
  const own = isNested(target) ? target : {};
  const hasOwnRotation = own.rotatePsk !== undefined;
  return {
    set: own.set ?? plan.set,
    rotatePsk: own.rotatePsk ?? plan.rotatePsk,
    hasOwnRotation,
    ofPlan: !hasOwnRotation && own.set === undefined,
  };
}

const doubled = 'cannot stand beside a Psk in set: a key is either given or made';

function isDoubled({ set, rotatePsk }: TargetWish): boolean {
  return rotatePsk !== undefined && isNested(set) && Object.keys(set).some(isKeyPath);
}

function reportWish(wish: TargetWish, place: number, report: Report): void {
  if (wish.set === undefined && wish.rotatePsk === undefined) {
    const message = 'needs a set or a rotatePsk of its own, since the plan has neither';
    report(['targets', place], message);
  }
  if (!isDoubled(wish) || wish.ofPlan) return;
  if (wish.hasOwnRotation) report(['targets', place, 'rotatePsk'], doubled);
  else report(['targets', place, 'set'], 'names a Psk, and the rotatePsk of the plan makes one');
}

function growthFaults(
  { rollout }: ReadPlan,
  targets: readonly unknown[],
): ReturnType<typeof batchFaults> {
  const batches = Batches.safeParse(isNested(rollout) ? rollout.batches : undefined);
  if (!batches.success) return [];
  const selects = targets.some((target) => isNested(target) && target.select !== undefined);
  return batchFaults(batches.data, selects || targets.length === 0 ? null : targets.length);
}
