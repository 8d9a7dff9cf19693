import type { Connection, Inventory } from '../../local/simulator/shapes.ts';
import { DEMO_ACCESS_KEY } from '../../local/simulator/simulator.ts';
import { createKmsClient } from '../../shared/adapters/aliyun/kms-client.ts';
import { createKmsSecretsManager } from '../../shared/adapters/aliyun/kms-secrets-manager.ts';
import { createAliyunVpnApi } from '../../shared/adapters/aliyun/vpn-api.ts';
import { type FieldValues, valuePath } from '../../shared/connection/values.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { reveal } from '../../shared/platform/secret-reveal.ts';
import type { SecretsManager } from '../../shared/sink/secrets-manager.ts';
import { placeOf } from '../../shared/sink/sink.ts';
import { witness } from './intake.ts';
import type { KeyHolders } from './judge.ts';

const credentials = async () => ({
  accessKeyId: DEMO_ACCESS_KEY.accessKeyId,
  accessKeySecret: new Secret(DEMO_ACCESS_KEY.accessKeySecret),
});

/** What the cloud shows of every connection, in the end: the dice strike these reads too. */
async function readAll(
  endpoint: string,
  { connections }: Inventory,
): Promise<readonly { connection: Connection; fields: FieldValues }[]> {
  const api = createAliyunVpnApi({ endpoint, clock, credentials });
  const found: { connection: Connection; fields: FieldValues }[] = [];
  for (const connection of connections) {
    const { regionId, id: vpnConnectionId } = connection;
    for (let isKnown = false; !isKnown; ) {
      const seen = await api.describeConnection({ regionId, vpnConnectionId });
      isKnown = seen.kind === 'ok';
      if (seen.kind === 'ok') found.push({ connection, fields: seen.value?.fields ?? {} });
    }
  }
  api.close();
  return found;
}

/** A connection's places of keys: its tunnels, or itself. */
function placesOf({ tunnels }: Connection): readonly (string | null)[] {
  return tunnels.length === 0 ? [null] : tunnels.map(({ tunnelId }) => tunnelId);
}

/** By connection, the value of the field that plans set; none where two tunnels differ in it. */
export async function valuesShownBy(
  endpoint: string,
  inventory: Inventory,
): Promise<ReadonlyMap<string, number>> {
  const all = await readAll(endpoint, inventory);
  return new Map(
    all.map(({ connection, fields }) => {
      const places = placesOf(connection);
      const values = new Set(places.map((tunnel) => Number(fields[valuePath(tunnel, witness)])));
      const [value = Number.NaN] = values;
      return [connection.id, values.size === 1 ? value : Number.NaN];
    }),
  );
}

/** Holds each key that the cloud shows against the one of the beginning and against what KMS has of its place. */
export async function keysShownBy(
  endpoint: string,
  inventory: Inventory,
): Promise<readonly KeyHolders[]> {
  const client = createKmsClient({ endpoint, credentials, clock });
  const secrets = createKmsSecretsManager(client);
  const holders: KeyHolders[] = [];
  for (const { connection, fields } of await readAll(endpoint, inventory)) {
    const { regionId, id: vpnConnectionId, tunnels, ike } = connection;
    for (const tunnelId of placesOf(connection)) {
      const shown = fields[valuePath(tunnelId, 'IkeConfig.Psk')];
      const key = shown instanceof Secret ? reveal(shown) : '';
      const before = tunnels.find((tunnel) => tunnel.tunnelId === tunnelId)?.ike ?? ike;
      const noDelivery = { version: '', jobId: '', changeId: '' };
      const place = placeOf({ ...noDelivery, regionId, vpnConnectionId, tunnelId });
      const isInSink = await isKept(secrets, { regionId, name: place }, key);
      holders.push({ vpnConnectionId, place, isOld: key === before.Psk, isInSink });
    }
  }
  client.close();
  return holders;
}

async function isKept(
  secrets: SecretsManager,
  ref: { regionId: string; name: string },
  key: string,
): Promise<boolean> {
  const versions = await secrets.versions(ref);
  if (versions.kind !== 'ok') return false;
  for (const { id } of versions.value) {
    const stored = await secrets.read(ref, id);
    if (stored.kind === 'ok' && reveal(stored.value).includes(JSON.stringify(key))) return true;
  }
  return false;
}
