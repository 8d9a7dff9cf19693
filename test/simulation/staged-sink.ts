import type { Simulator } from '../../local/simulator/simulator.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { reveal } from '../../shared/platform/secret-reveal.ts';
import type {
  DeliveredValues,
  DeliverOutcome,
  Delivery,
  Sink,
  StageOutcome,
} from '../../shared/sink/sink.ts';
import type { Rates } from './choices.ts';
import { fateOf } from './fates.ts';
import type { Actor } from './stage.ts';

/** A key that a sink took, as it was when it came. */
export interface HandedOver {
  delivery: Delivery;
  key: string;
  /** The change's deliveries so far. */
  before: readonly {
    version: string;
    tunnelId: string | null;
    /** Whether both sides of that tunnel had what was handed over by now. */
    isTaken: boolean;
    /** When its SA was negotiated, Unix milliseconds; null while it has none. */
    negotiatedAt: number | null;
  }[];
}

/** What the sinks of a run took, from whatever process. */
export class Devices {
  readonly handedOver: HandedOver[] = [];
  readonly #simulator: Simulator;

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
  }

  /** Whether some sink has the key. */
  has(key: string): boolean {
    return this.handedOver.some((each) => each.key === key);
  }

  /** Takes a key and what comes with it, and tells that the device that it is for; the same version again is the same delivery. */
  take(delivery: Delivery, key: string, values: DeliveredValues): void {
    if (this.handedOver.some(({ delivery: { version } }) => version === delivery.version)) return;
    const before = this.handedOver
      .filter(({ delivery: other }) => other.changeId === delivery.changeId)
      .map(({ delivery: { version, tunnelId }, key: handed }) => {
        const { keys, sas } = this.#tunnel({ ...delivery, tunnelId }).look().session;
        const isTaken = keys.cloud === handed && keys.peer === handed;
        return { version, tunnelId, isTaken, negotiatedAt: sas?.ike.since ?? null };
      });
    this.handedOver.push({ delivery, key, before });
    const lifetime = values['IpsecConfig.IpsecLifetime'];
    const ipsec = typeof lifetime === 'number' ? { IpsecLifetime: lifetime } : {};
    this.#tunnel(delivery).deliver({ ike: { Psk: key }, ipsec });
  }

  #tunnel({ regionId, vpnConnectionId, tunnelId }: Delivery) {
    return this.#simulator.state.tunnel(regionId, vpnConnectionId, tunnelId);
  }
}

const ofDeliveries: Rates<'gets lost' | 'is taken, its answer lost' | 'is refused'> = [
  ['gets lost', 0.03],
  ['is taken, its answer lost', 0.05],
  ['is refused', 0.02],
];
const ofStages: Rates<'gets lost' | 'is refused'> = [
  ['gets lost', 0.05],
  ['is refused', 0.02],
];

function failed(code: string): { kind: 'failed'; error: DeliverError } {
  const isRetryable = code === 'Unreachable';
  return { kind: 'failed', error: { code, message: 'it failed', isRetryable, requestId: null } };
}
type DeliverError = Extract<DeliverOutcome, { kind: 'failed' }>['error'];

/** The sink as one process has it: each call takes its turns, and may fail before or after the device was told. */
export function stagedSink(devices: Devices, actor: Actor, leaseMs: number): Sink {
  const { choices } = actor.stage;
  const at = (what: string, { version }: Delivery) => {
    const moment = actor.moment(`sink ${what} ${version.replace(/^[^.]*/, '')}`);
    return { moment, fate: fateOf(actor, moment, { leaseMs, isCrucial: true }) };
  };
  const settle = (what: string, delivery: Delivery): Promise<StageOutcome> => {
    const { moment, fate } = at(what, delivery);
    const trouble = choices.strike(`${moment} sink`, ofStages);
    return actor.call(moment, { fate }, async () => {
      if (trouble === 'gets lost') return failed('Unreachable');
      return trouble === 'is refused' ? failed('Refused') : { kind: 'done' };
    });
  };
  return {
    deliver(delivery, values) {
      const { moment, fate } = at('deliver', delivery);
      const trouble = choices.strike(`${moment} sink`, ofDeliveries);
      const isAcknowledged = choices.chance(0.7, 'acknowledges', moment);
      return actor.call(moment, { fate }, async () => {
        if (trouble === 'gets lost') return failed('Unreachable');
        if (trouble === 'is refused') return failed('Refused');
        const key = values['IkeConfig.Psk'];
        if (key instanceof Secret) devices.take(delivery, reveal(key), values);
        if (trouble === 'is taken, its answer lost') return failed('Unreachable');
        return { kind: isAcknowledged ? 'acknowledged' : 'delivered' };
      });
    },
    promote: (delivery) => settle('promote', delivery),
    withdraw: (delivery) => settle('withdraw', delivery),
  };
}
