import { type MaskedValues, maskFields } from '../connection/mask.ts';
import { type FieldValues, isKeyPath } from '../connection/values.ts';
import { canonicalJson, keyedDigest } from '../platform/canonical.ts';
import { Secret } from '../platform/secret.ts';
import { nestFields } from './nested-fields.ts';
import type { AnyPlan, Plan } from './schema.ts';
import type { Selector } from './selector.ts';

/** One wish that several targets may share. */
interface Intent {
  /** From 0, in the order of first use. */
  number: number;
  /** The wanted fields without the keys. */
  fields: FieldValues;
  /** The wanted keys by their paths; empty when the plan names none. */
  keys: Readonly<Record<string, Secret>>;
  /** The wanted keys' keyed digests, by the same paths. */
  keyDigests: Readonly<Record<string, string>>;
  /** Of how many characters a fresh key is made for each tunnel; null when none is. */
  rotatePsk: number | null;
}

/** A target with the number of its wish. */
interface WishedTarget {
  /** Place among the plan's targets, from 0. */
  place: number;
  regionId: string;
  intentNumber: number;
}

/** A plan's targets, each with the number of its wish: connections and selectors apart, both in plan order. */
export interface PlanIntents {
  intents: readonly Intent[];
  targets: readonly (WishedTarget & { vpnConnectionId: string })[];
  selectors: readonly (WishedTarget & { select: Selector })[];
}

/** The distinct wishes of a plan, told apart by their masked fields, and which target has which. */
export function intentsOf(plan: Plan, digestKey: Buffer): PlanIntents {
  const intents = new Map<string, Intent>();
  const numberOf = memoized((set, rotatePsk) => {
    const masked = maskFields(set, digestKey);
    const text = canonicalJson({ masked, rotatePsk });
    const intent = intents.get(text) ?? intentOf(intents.size, { set, masked, rotatePsk });
    intents.set(text, intent);
    return intent.number;
  });
  const wished = plan.targets.map((target, place) => {
    const { regionId, vpnConnectionId, select } = target;
    const { set = plan.set ?? nothingSet, rotatePsk = plan.rotatePsk } = target;
    const intentNumber = numberOf(set, rotatePsk?.length ?? null);
    return { place, regionId, vpnConnectionId, select, intentNumber };
  });
  const targets = wished.flatMap(({ vpnConnectionId, select: _, ...target }) =>
    vpnConnectionId === undefined ? [] : [{ ...target, vpnConnectionId }],
  );
  const selectors = wished.flatMap(({ vpnConnectionId: _, select, ...target }) =>
    select === undefined ? [] : [{ ...target, select }],
  );
  return { intents: [...intents.values()], targets, selectors };
}

/** One object, so that it is masked once. */
const nothingSet: FieldValues = {};

type NumberOf = (set: FieldValues, rotatePsk: number | null) => number;

function memoized(work: NumberOf): NumberOf {
  const known = new Map<FieldValues, Map<number | null, number>>();
  return (set, rotatePsk) => {
    const ofSet = known.get(set) ?? new Map<number | null, number>();
    const result = ofSet.get(rotatePsk) ?? work(set, rotatePsk);
    known.set(set, ofSet.set(rotatePsk, result));
    return result;
  };
}

function intentOf(
  number: number,
  wish: { set: FieldValues; masked: MaskedValues; rotatePsk: number | null },
): Intent {
  const { set, masked, rotatePsk } = wish;
  const entries = Object.entries(set);
  return {
    number,
    fields: Object.fromEntries(entries.filter(([path]) => !isKeyPath(path))),
    keys: Object.fromEntries(
      entries.flatMap(([path, value]) => (value instanceof Secret ? [[path, value]] : [])),
    ),
    keyDigests: Object.fromEntries(
      Object.entries(masked)
        .filter(([path]) => isKeyPath(path))
        .map(([path, digest]) => [path, String(digest)]),
    ),
    rotatePsk,
  };
}

/** The plan as it may be shown and stored: as a caller writes it, keys as `***`. */
export function shownPlan(plan: AnyPlan): unknown {
  return withSets(plan, (set) => nestFields(hideKeys(set)));
}

/** A keyed digest of everything a plan says, its keys included; equal plans give equal digests. */
export function planHashOf(plan: AnyPlan, digestKey: Buffer): string {
  return keyedDigest(digestKey, canonicalJson(withSets(plan, (set) => maskFields(set, digestKey))));
}

function hideKeys(set: FieldValues): FieldValues {
  return Object.fromEntries(
    Object.entries(set).map(([path, value]) => [path, isKeyPath(path) ? String(value) : value]),
  );
}

function withSets(plan: AnyPlan, change: (set: FieldValues) => unknown): unknown {
  const { set, targets, ...rest } = plan;
  return {
    ...rest,
    ...(set === undefined ? {} : { set: change(set) }),
    targets: targets.map(({ set: own, ...target }) =>
      own === undefined ? target : { ...target, set: change(own) },
    ),
  };
}
