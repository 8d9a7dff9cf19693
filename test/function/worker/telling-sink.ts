import type { Simulator } from '../../../local/simulator/simulator.ts';
import { Secret } from '../../../shared/platform/secret.ts';
import { reveal } from '../../../shared/platform/secret-reveal.ts';
import type { DeliverOutcome, Sink } from '../../../shared/sink/sink.ts';

/** What a sink was asked for, as `deliver chg_1.tun-a2`. */
type Call = string;

/** A sink that tells the peers of a simulated cloud what is delivered, as a device's controller would. */
export interface TellingSink {
  sinks: ReadonlyMap<string, Sink>;
  calls: Call[];
  /** The keys that it was given, by version. */
  keys: Map<string, string>;
  /** The world that its peers live in; given once that is open. */
  tells(simulator: Simulator): void;
  /** What it answers next to deliveries. */
  answers(...outcomes: DeliverOutcome[]): void;
}

export function aTellingSink(): TellingSink {
  const calls: Call[] = [];
  const keys = new Map<string, string>();
  const queued: DeliverOutcome[] = [];
  let simulator: Simulator | null = null;
  const sink: Sink = {
    async deliver(delivery, values) {
      calls.push(`deliver ${delivery.version.replace(delivery.changeId, '')}`);
      const outcome = queued.shift() ?? { kind: 'delivered' };
      if (outcome.kind === 'failed') return outcome;
      const psk = values['IkeConfig.Psk'];
      if (!(psk instanceof Secret)) return outcome;
      keys.set(delivery.version.replace(delivery.changeId, ''), reveal(psk));
      const { regionId, vpnConnectionId, tunnelId } = delivery;
      simulator?.state
        .tunnel(regionId, vpnConnectionId, tunnelId)
        .deliver({ ike: { Psk: reveal(psk) } });
      return outcome;
    },
    async promote({ version, changeId }) {
      calls.push(`promote ${version.replace(changeId, '')}`);
      return { kind: 'done' };
    },
    async withdraw({ version, changeId }) {
      calls.push(`withdraw ${version.replace(changeId, '')}`);
      return { kind: 'done' };
    },
  };
  return {
    sinks: new Map([['devices', sink]]),
    calls,
    keys,
    tells: (world) => {
      simulator = world;
    },
    answers: (...outcomes) => {
      queued.push(...outcomes);
    },
  };
}
