import { SimulatorError } from './errors.ts';
import { roll } from './random.ts';

/** Every way in which the simulator can misbehave on purpose (BEHAVIOUR.md, section "Faults"). */
export const faultKinds = [
  'lostAfterApply',
  'droppedBefore',
  'error500Applied',
  'error500NotApplied',
  'unavailable503',
  'html502',
  'html502Applied',
  'truncated',
  'slow',
  'throttle',
  'spuriousBusy',
  'neverSettles',
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** Probabilities (0–1) by kind; at most one fault strikes a call, so their sum is at most 1. */
type FaultRates = {
  readonly [Kind in Exclude<FaultKind, 'slow'>]?: number;
} & {
  /** `ms`: how much later the answer leaves. */
  readonly slow?: { readonly rate: number; readonly ms: number };
};

/** Faults of modifying and of reading calls. */
export interface FaultOptions {
  readonly writes?: FaultRates;
  readonly reads?: FaultRates;
}

/** What is to go wrong with one call. */
export interface Disturbance {
  readonly kind: FaultKind | null;
  /** Milliseconds by which a slow answer is late. */
  readonly slowMs: number;
  /** Refuses a modification with this code, after the client token was looked up. */
  readonly refuseWith: string | null;
  /** Instead of a random settle time; milliseconds. */
  readonly settleMs: number | null;
  /** Instead of a random late period; milliseconds. */
  readonly lateMs: number | null;
  /** Accepts, locks and settles, but never takes the new values over. */
  readonly ignored: boolean;
}

export const undisturbed: Disturbance = {
  kind: null,
  slowMs: 0,
  refuseWith: null,
  settleMs: null,
  lateMs: null,
  ignored: false,
};

/** Kinds that make no sense for reads, where nothing is applied. */
const WRITES_ONLY: ReadonlySet<FaultKind> = new Set(['spuriousBusy', 'neverSettles']);

type Ladder = readonly (readonly [upTo: number, kind: FaultKind])[];

/** A mild mixture for demos: every kind but the ones that need a person. */
export const everydayFaults: FaultOptions = {
  writes: {
    lostAfterApply: 0.01,
    droppedBefore: 0.01,
    error500Applied: 0.01,
    error500NotApplied: 0.01,
    html502: 0.005,
    throttle: 0.01,
    spuriousBusy: 0.03,
  },
  reads: { droppedBefore: 0.005, error500NotApplied: 0.005, html502: 0.005, throttle: 0.005 },
};

/** Draws faults. The draw depends on the seed, the subject and how often the subject was called, on nothing else. */
export interface FaultDice {
  draw(access: 'read' | 'write', subject: string): Disturbance;
}

/** @throws SimulatorError `bad_options` for rates that are no probabilities. */
export function createFaultDice(seed: number, options: FaultOptions): FaultDice {
  const ladders = {
    read: ladderOf('reads', options.reads ?? {}),
    write: ladderOf('writes', options.writes ?? {}),
  };
  const slowMs = { read: options.reads?.slow?.ms ?? 0, write: options.writes?.slow?.ms ?? 0 };
  const ordinals = new Map<string, number>();
  return {
    draw(access, subject) {
      const ladder = ladders[access];
      if (ladder.length === 0) return undisturbed;
      const ordinal = (ordinals.get(subject) ?? 0) + 1;
      ordinals.set(subject, ordinal);
      const drawn = roll(seed, 'fault', subject, ordinal);
      const kind = ladder.find(([upTo]) => drawn < upTo)?.[1] ?? null;
      if (kind === null) return undisturbed;
      return { ...undisturbed, kind, slowMs: kind === 'slow' ? slowMs[access] : 0 };
    },
  };
}

function ladderOf(side: 'reads' | 'writes', rates: FaultRates): Ladder {
  const ladder: (readonly [number, FaultKind])[] = [];
  let sum = 0;
  for (const kind of faultKinds) {
    const rate = (kind === 'slow' ? rates.slow?.rate : rates[kind]) ?? 0;
    if (!(rate >= 0 && rate <= 1)) {
      throw new SimulatorError('bad_options', `faults.${side}.${kind} is ${rate}, use 0 to 1`);
    }
    if (rate > 0 && side === 'reads' && WRITES_ONLY.has(kind)) {
      throw new SimulatorError('bad_options', `faults.reads.${kind} is for writes only`);
    }
    if (rate === 0) continue;
    sum += rate;
    ladder.push([sum, kind]);
  }
  if (sum > 1 + 1e-9) {
    throw new SimulatorError('bad_options', `faults.${side} add up to ${sum}, use at most 1`);
  }
  return ladder;
}
