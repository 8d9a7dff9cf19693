import { randomUUID } from 'node:crypto';
import PQueue from 'p-queue';
import type { Connection } from '../../local/simulator/shapes.ts';
import { fieldsToSend } from '../../shared/change/request.ts';
import { isSettledState, type VpnConnection } from '../../shared/connection/model.ts';
import { type FieldValues, valuePath } from '../../shared/connection/values.ts';
import { connectionPart, type VpnApi } from '../../shared/connection/vpn-api.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { Secret } from '../../shared/platform/secret.ts';

/** What the loop has and does. */
export interface LoopDeps {
  api: VpnApi;
  clock: Pick<Clock, 'sleep'>;
  parallel: number;
  pollMs: number;
  /** Puts a tunnel's new key on the device at its other end. */
  install(connection: Connection, tunnelId: string, key: string): void;
}

/**
 * What Terraform does with a new key for each tunnel: so many connections at once, each with both tunnels in one call, in no
 * order; whatever does not succeed is tried again. Once the cloud is done, the devices get their keys. Gives the keys, which
 * stand in its state file.
 */
export async function runBothAtOnceLoop(
  connections: readonly Connection[],
  deps: LoopDeps,
): Promise<ReadonlySet<string>> {
  const state = new Set<string>();
  const queue = new PQueue({ concurrency: deps.parallel });
  await queue.addAll(
    connections.map((connection) => async () => {
      const keys = await changeOne(connection, deps);
      for (const key of keys.values()) state.add(key);
    }),
  );
  return state;
}

async function changeOne(
  connection: Connection,
  deps: LoopDeps,
): Promise<ReadonlyMap<string, string>> {
  const { regionId, id: vpnConnectionId } = connection;
  const found = await read(deps, { regionId, vpnConnectionId });
  const { attachType, tunnels } = found;
  const keys = new Map(tunnels.map(({ tunnelId }) => [tunnelId, randomUUID()]));
  const wanted: FieldValues = Object.fromEntries(
    [...keys].map(([tunnelId, key]) => [valuePath(tunnelId, 'IkeConfig.Psk'), new Secret(key)]),
  );
  const share = { part: connectionPart, wanted, tunnels };
  const fields = fieldsToSend(found.fields, share, { attachType, isDual: true });
  const request = { ...found, part: connectionPart, tunnels, fields };
  for (let attempt = 0; ; attempt += 1) {
    const clientToken = `loop-${vpnConnectionId}-${attempt}`.slice(0, 64);
    const outcome = await deps.api.modify({ ...request, clientToken });
    if (outcome.kind === 'accepted') break;
    if (outcome.kind === 'refused') throw new Error(`the loop was refused: ${outcome.error.code}`);
    await deps.clock.sleep(deps.pollMs);
  }
  do await deps.clock.sleep(deps.pollMs);
  while (!isSettledState(await read(deps, { regionId, vpnConnectionId })));
  for (const [tunnelId, key] of keys) deps.install(connection, tunnelId, key);
  return keys;
}

async function read(
  { api, clock, pollMs }: LoopDeps,
  ref: { regionId: string; vpnConnectionId: string },
): Promise<VpnConnection> {
  for (;;) {
    const outcome = await api.describeConnection(ref);
    if (outcome.kind === 'ok' && outcome.value !== null) return outcome.value;
    await clock.sleep(pollMs);
  }
}
