import { z } from 'zod';
import { DEMO_ACCESS_KEY, type Simulator } from '../../local/simulator/simulator.ts';
import { createKmsClient } from '../../shared/adapters/aliyun/kms-client.ts';
import { createKmsSecretsManager } from '../../shared/adapters/aliyun/kms-secrets-manager.ts';
import { createKmsSink } from '../../shared/adapters/sinks/kms.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { placeOf, type Sink, type TunnelPlace } from '../../shared/sink/sink.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What a secret holds, as far as a device looks at it. */
const Document = z.object({ values: z.object({ 'IkeConfig.Psk': z.string().optional() }) });

/** A version of a secret in the simulated KMS, with the key in it; null where it has none. */
export interface StoredKey {
  version: string;
  key: string | null;
  isCurrent: boolean;
}

/** Every version that KMS has of a tunnel's secret. */
export function storedKeysOf({ kms }: Simulator, place: TunnelPlace): readonly StoredKey[] {
  return kms.versions(place.regionId, placeOf(place)).map(({ id, data, stages }) => ({
    version: id,
    key: Document.parse(JSON.parse(data)).values['IkeConfig.Psk'] ?? null,
    isCurrent: stages.includes('ACSCurrent'),
  }));
}

/**
 * KMS as the sink, and at the other ends of the tunnels devices that watch it: each reads what was delivered for its tunnel and is
 * told that, never what the sink was handed.
 */
export function openKmsWithDevices(cloud: {
  endpoint: string;
  simulator: Simulator;
  clock: VirtualClock;
}): { sink: Sink; close(): void } {
  const { endpoint, simulator, clock } = cloud;
  const client = createKmsClient({
    endpoint,
    credentials: () =>
      Promise.resolve({
        accessKeyId: DEMO_ACCESS_KEY.accessKeyId,
        accessKeySecret: new Secret(DEMO_ACCESS_KEY.accessKeySecret),
      }),
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      // Between two tries the call is under way, and would hold the clock that it waits for.
      sleep: (ms) => clock.sleepTracked(ms),
    },
  });
  const kms = createKmsSink(createKmsSecretsManager(client), { type: 'kms' });
  const watched: Sink = {
    ...kms,
    async deliver(delivery, values) {
      const outcome = await kms.deliver(delivery, values);
      const stored = storedKeysOf(simulator, delivery);
      const key = stored.find(({ version }) => version === delivery.version)?.key;
      if (outcome.kind !== 'failed' && key) installOn(simulator, delivery, key);
      return outcome;
    },
  };
  return { sink: clock.tracking(watched), close: () => client.close() };
}

/** Tells a tunnel's device a key. */
export function installOn(
  { state }: Simulator,
  { regionId, vpnConnectionId, tunnelId }: TunnelPlace,
  key: string,
): void {
  state.tunnel(regionId, vpnConnectionId, tunnelId).deliver({ ike: { Psk: key } });
}
