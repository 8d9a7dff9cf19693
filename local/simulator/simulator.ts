import type { AccessKey } from './access-keys.ts';
import type { SimulatorAnswer, SimulatorRequest } from './answers.ts';
import { type SimulatorClock, systemClock } from './clock.ts';
import { answerControl, CONTROL_PREFIX } from './control.ts';
import { SimulatorError } from './errors.ts';
import { createFaultDice, type FaultOptions } from './faults.ts';
import { generateInventory } from './inventory.ts';
import { KmsAccount, type KmsOptions } from './kms/account.ts';
import { createKmsRpc, KMS_VERSION } from './kms/kms-rpc.ts';
import { createQuotas, type QuotaOptions } from './quotas.ts';
import { SimulatorRecord } from './record.ts';
import { createRpc, parametersOf } from './rpc.ts';
import type { Inventory } from './shapes.ts';
import { createSignatureCheck } from './signature.ts';
import { CloudState, type MsRange } from './state.ts';
import { TokenMemory } from './tokens.ts';

/** A fake key pair that opens every simulator whose `accessKeys` are not given. */
export const DEMO_ACCESS_KEY = {
  accessKeyId: 'LTAIsimulator',
  accessKeySecret: 'simulator-secret',
} as const;

/** How the simulated cloud behaves; each option has a section in BEHAVIOUR.md. */
export interface SimulatorOptions {
  /** Default: the real time. */
  readonly clock?: SimulatorClock;
  /** What timestamps of requests are held against: clients stamp with the real time. Default: `clock`. */
  readonly signatureClock?: SimulatorClock;
  /** Decides everything random. Default 1. */
  readonly seed?: number;
  /** Default: a small generated one, by `seed`. */
  readonly inventory?: Inventory;
  /** Key id → secret, or the details of a temporary key. Default {@link DEMO_ACCESS_KEY}. */
  readonly accessKeys?: Readonly<Record<string, string | AccessKey>>;
  /** From acceptance to the end of a change. Default 3,000–15,000. */
  readonly settleMs?: MsRange;
  /** For how long an accepted change does not show yet; cut to the settle time. Default 0–1,000. */
  readonly lateMs?: MsRange;
  /** Every answer is late by this. Default 0. */
  readonly latencyMs?: number;
  readonly quotas?: QuotaOptions;
  readonly faults?: FaultOptions;
  /** Default `regenerate`. */
  readonly pskBehaviour?: 'regenerate' | 'merge';
  /** Default `replace`. */
  readonly updateSemantics?: 'replace' | 'merge';
  /** Whether IKE and IPsec changes need both subnets. Default true. */
  readonly requireSubnets?: boolean;
  /** When reads show new values. Default `settled`. */
  readonly visibleAt?: 'settled' | 'accepted';
  /** Hostile: accepts a second change while the first does not show yet. Default false. */
  readonly lateAccepts?: boolean;
  /** What `EffectImmediately` resets: the tunnels that a change worked on, or all of the connection. Default `connection`. */
  readonly resets?: 'tunnel' | 'connection';
  /** How long a negotiation takes that no old SA bridges, milliseconds. Default 0. */
  readonly handshakeMs?: number;
  /** How long after a failed negotiation the next one begins, milliseconds. Default 10,000. */
  readonly retryMs?: number;
  /** By how much the clock of the cloud's answers and logs is ahead of `clock`, milliseconds. Default 0. */
  readonly clockSkewMs?: number;
  /** How long a client token is remembered, milliseconds. Default 600,000. */
  readonly tokenWindowMs?: number;
  /** The Key Management Service that stands beside the VPC. */
  readonly kms?: KmsOptions;
  /** Opens the control endpoints that change something. Default false. */
  readonly admin?: boolean;
}

/** A simulated account. */
export interface Simulator {
  /** Answers one request, without any transport. */
  handle(request: SimulatorRequest): Promise<SimulatorAnswer>;
  readonly state: CloudState;
  readonly kms: KmsAccount;
  readonly record: SimulatorRecord;
  readonly inventory: Inventory;
}

const DEFAULTS = {
  clock: systemClock,
  seed: 1,
  accessKeys: { [DEMO_ACCESS_KEY.accessKeyId]: DEMO_ACCESS_KEY.accessKeySecret },
  settleMs: { min: 3_000, max: 15_000 },
  lateMs: { min: 0, max: 1_000 },
  latencyMs: 0,
  quotas: {},
  faults: {},
  pskBehaviour: 'regenerate',
  updateSemantics: 'replace',
  requireSubnets: true,
  visibleAt: 'settled',
  lateAccepts: false,
  resets: 'connection',
  handshakeMs: 0,
  retryMs: 10_000,
  clockSkewMs: 0,
  tokenWindowMs: 600_000,
  kms: {},
  admin: false,
} as const satisfies SimulatorOptions;

/** @throws SimulatorError `bad_options` or `bad_inventory`. */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const chosen = { ...DEFAULTS, ...options };
  const { clock, seed, admin, latencyMs, clockSkewMs } = chosen;
  const inventory = options.inventory ?? generateInventory({ seed });
  const record = new SimulatorRecord();
  checkRange('settleMs', chosen.settleMs);
  checkRange('lateMs', chosen.lateMs);
  checkRange('handshakeMs', { min: chosen.handshakeMs, max: chosen.handshakeMs });
  checkRange('retryMs', { min: chosen.retryMs - 1, max: chosen.retryMs });
  const state = new CloudState(inventory, chosen, record);
  const kms = new KmsAccount(seed, chosen.kms);
  const front = {
    clock,
    signatureClock: options.signatureClock ?? clock,
    seed,
    clockSkewMs,
    record,
    signatures: createSignatureCheck(chosen.accessKeys),
  };
  const kmsRpc = createKmsRpc({ ...front, account: kms });
  const rpc = createRpc({
    ...front,
    state,
    quotas: createQuotas(chosen.quotas),
    dice: createFaultDice(seed, chosen.faults),
    tokens: new TokenMemory(chosen.tokenWindowMs),
    semantics: chosen,
  });
  async function handle(request: SimulatorRequest): Promise<SimulatorAnswer> {
    if (request.path.startsWith(CONTROL_PREFIX)) {
      return answerControl(request, { state, record, inventory, admin });
    }
    if (latencyMs > 0) await clock.sleep(latencyMs);
    const params = parametersOf(request);
    return params.get('Version') === KMS_VERSION ? kmsRpc(request, params) : rpc(request, params);
  }
  return { handle, state, kms, record, inventory };
}

function checkRange(name: string, given: MsRange): void {
  if (given.min >= 0 && given.max >= given.min) return;
  throw new SimulatorError(
    'bad_options',
    `${name} is ${given.min}-${given.max}, use 0 <= min <= max`,
  );
}
