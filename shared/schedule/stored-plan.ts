import type { FieldValues } from '../connection/values.ts';
import { shownPlan } from '../plan/intents.ts';
import { parseScheduledPlan } from '../plan/parse-plan.ts';
import type { PlanContext } from '../plan/plan-context.ts';
import type { ScheduledPlan } from '../plan/schema.ts';
import type { Fault } from '../platform/errors.ts';
import { pointerOf } from '../platform/http/faults.ts';
import { scheduleKeyContext } from '../secret/seal-context.ts';
import { openedKeysOf, sealedKeysOf } from '../secret/sealed-keys.ts';
import type { Sealer } from '../secret/sealer.ts';

/** The keys of one `set` of a plan: the plan's own (`target` null), or that of the target at a place. */
export interface SealedSet {
  target: number | null;
  /** By the paths of the keys. */
  keys: Readonly<Record<string, string>>;
}

/** A plan that is kept for later: as it may be shown, its keys sealed beside it. */
export interface StoredPlan {
  shown: unknown;
  sealedSets: readonly SealedSet[];
}

/** A schedule's plan in the form in which it is stored. The keys open for this schedule and their places alone. */
export function storedPlanOf(sealer: Sealer, name: string, plan: ScheduledPlan): StoredPlan {
  const sealed = setsOf(plan).map(({ target, set }) => {
    return { target, keys: sealedKeysOf(sealer, set, contextIn(name, target)) };
  });
  return {
    shown: shownPlan(plan),
    sealedSets: sealed.filter(({ keys }) => Object.keys(keys).length > 0),
  };
}

/**
 * The plan again. Raises `invalid_plan` when this version takes it no longer, `internal` when a key does not open.
 */
export function openedPlanOf(
  sealer: Sealer,
  { name, plan: stored }: { name: string; plan: StoredPlan },
  context: PlanContext,
): ScheduledPlan {
  const plan = parseScheduledPlan(stored.shown, context);
  const keysOf = new Map(
    stored.sealedSets.map(({ target, keys }) => {
      return [target, openedKeysOf(sealer, keys, contextIn(name, target))] as const;
    }),
  );
  const opened = (set: FieldValues, target: number | null): FieldValues => {
    return { ...set, ...keysOf.get(target) };
  };
  return {
    ...plan,
    ...(plan.set === undefined ? {} : { set: opened(plan.set, null) }),
    targets: plan.targets.map((target, place) =>
      target.set === undefined ? target : { ...target, set: opened(target.set, place) },
    ),
  };
}

function setsOf({
  set,
  targets,
}: ScheduledPlan): readonly { target: number | null; set: FieldValues }[] {
  return [
    ...(set === undefined ? [] : [{ target: null, set }]),
    ...targets.flatMap((target, place) =>
      target.set === undefined ? [] : [{ target: place, set: target.set }],
    ),
  ];
}

function contextIn(name: string, target: number | null): (path: string) => string {
  return (path) => scheduleKeyContext(name, target, path);
}

/** How a key is shown; also a key that the cloud would take. */
const shownKey = '***';

/**
 * A fault for each key of a plan's JSON that is written as keys are shown. Whoever reads a schedule, changes its time and
 * writes it back would otherwise change the keys of all its connections to three asterisks.
 */
export function shownKeysIn(plan: unknown, place: readonly PropertyKey[] = []): readonly Fault[] {
  if (typeof plan !== 'object' || plan === null) return [];
  return Object.entries(plan).flatMap(([name, value]) =>
    name === 'Psk' && value === shownKey
      ? [
          {
            path: pointerOf([...place, name]),
            message: 'is how a key is shown; give the key itself',
          },
        ]
      : shownKeysIn(value, [...place, name]),
  );
}
