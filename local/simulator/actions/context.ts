import { ApiFault } from '../errors.ts';
import type { Disturbance } from '../faults.ts';
import type { Parameters } from '../parameters.ts';
import type { RegionState } from '../region-index.ts';
import type { Json } from '../shapes.ts';
import type { CloudState } from '../state.ts';
import type { TokenMemory } from '../tokens.ts';

/** How JSON blocks and missing keys are understood. */
export interface ChangeSemantics {
  /** What an IKE block without `Psk` does to the key. */
  readonly pskBehaviour: 'regenerate' | 'merge';
  /** What a block does to keys that it leaves out: documented defaults, or nothing. */
  readonly updateSemantics: 'replace' | 'merge';
  /** Whether an IKE or IPsec change needs both subnets. */
  readonly requireSubnets: boolean;
}

/** What an action works with. */
export interface ActionContext {
  readonly state: CloudState;
  readonly tokens: TokenMemory;
  readonly semantics: ChangeSemantics;
  readonly params: Parameters;
  /** Null only for actions that need no region. */
  readonly region: RegionState | null;
  readonly requestId: string;
  /** Unix milliseconds. */
  readonly now: number;
  /** By how much the clock that the cloud's logs are stamped by is ahead of `now`, milliseconds. */
  readonly clockSkewMs: number;
  readonly disturbance: Disturbance;
  /** Called when a repeated client token is answered without a second change. */
  readonly repeated: () => void;
}

/** Gives the answer's body without `RequestId`. @throws ApiFault. */
export type Action = (context: ActionContext) => Json;

/** @throws ApiFault `InvalidRegionId.NotFound`. */
export function regionOf(context: ActionContext): RegionState {
  if (context.region) return context.region;
  throw new ApiFault('InvalidRegionId.NotFound');
}
