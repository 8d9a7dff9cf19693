import { type FieldValues, overlay } from '../connection/fields.ts';
import { type MaskedValues, maskFields } from '../connection/mask.ts';
import { canonicalJson, keyedDigest } from '../platform/canonical.ts';
import { AppError } from '../platform/errors.ts';
import { Secret } from '../platform/secret.ts';
import { nestFields } from './field-set.ts';
import type { Plan } from './schema.ts';
import type { Selector } from './selector.ts';

const keyPath = 'IkeConfig.Psk';

/** One wish that several targets may share. */
interface Intent {
  /** From 0, in the order of first use. */
  number: number;
  /** The wanted fields without the key. */
  fields: FieldValues;
  /** The wanted key, null when the plan names none. */
  key: Secret | null;
  /** The wanted key's keyed digest; null when the plan names none. */
  keyDigest: string | null;
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
  const numberOf = memoized((set) => {
    const masked = maskFields(set, digestKey);
    const text = canonicalJson(masked);
    const intent = intents.get(text) ?? intentOf(intents.size, set, masked);
    intents.set(text, intent);
    return intent.number;
  });
  const wished = plan.targets.map(
    ({ regionId, vpnConnectionId, select, set = plan.set }, place) => {
      if (set === undefined)
        throw new AppError('internal', 'a target of a checked plan has no set');
      return { place, regionId, vpnConnectionId, select, intentNumber: numberOf(set) };
    },
  );
  const targets = wished.flatMap(({ vpnConnectionId, select: _, ...target }) =>
    vpnConnectionId === undefined ? [] : [{ ...target, vpnConnectionId }],
  );
  const selectors = wished.flatMap(({ vpnConnectionId: _, select, ...target }) =>
    select === undefined ? [] : [{ ...target, select }],
  );
  return { intents: [...intents.values()], targets, selectors };
}

function memoized(work: (set: FieldValues) => number): (set: FieldValues) => number {
  const known = new Map<FieldValues, number>();
  return (set) => {
    const result = known.get(set) ?? work(set);
    known.set(set, result);
    return result;
  };
}

function intentOf(number: number, set: FieldValues, masked: MaskedValues): Intent {
  const { [keyPath]: key, ...fields } = set;
  const keyDigest = masked[keyPath];
  return {
    number,
    fields,
    key: key instanceof Secret ? key : null,
    keyDigest: typeof keyDigest === 'string' ? keyDigest : null,
  };
}

/** The plan as it may be shown and stored: as a caller writes it, keys as `***`. */
export function shownPlan(plan: Plan): unknown {
  return withSets(plan, (set) => nestFields(hideKey(set)));
}

/** A keyed digest of everything a plan says, its keys included; equal plans give equal digests. */
export function planHashOf(plan: Plan, digestKey: Buffer): string {
  return keyedDigest(digestKey, canonicalJson(withSets(plan, (set) => maskFields(set, digestKey))));
}

function hideKey(set: FieldValues): FieldValues {
  return set[keyPath] === undefined ? set : overlay(set, { [keyPath]: String(set[keyPath]) });
}

function withSets(plan: Plan, change: (set: FieldValues) => unknown): unknown {
  const { set, targets, ...rest } = plan;
  return {
    ...rest,
    ...(set === undefined ? {} : { set: change(set) }),
    targets: targets.map(({ set: own, ...target }) =>
      own === undefined ? target : { ...target, set: change(own) },
    ),
  };
}
