import PQueue from 'p-queue';
import { createAliyunVpnApi } from '../../shared/adapters/aliyun/vpn-api.ts';
import { fieldsToSend } from '../../shared/change/request.ts';
import { isSettledState, type VpnConnection } from '../../shared/connection/model.ts';
import type { FieldValues } from '../../shared/connection/values.ts';
import { connectionPart, type VpnApi } from '../../shared/connection/vpn-api.ts';
import { intentsOf } from '../../shared/plan/intents.ts';
import type { Plan } from '../../shared/plan/schema.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { Secret } from '../../shared/platform/secret.ts';

/**
 * What a script or Terraform does: so many connections at once, each Describe, Modify, then Describe until it is done;
 * a busy answer waits one poll and tries again (Terraform waits 3 to 5 s).
 */
export async function runPlainLoop(
  endpoint: string,
  plan: Plan,
  options: { parallel: number; pollMs: number },
): Promise<void> {
  const api = createAliyunVpnApi({
    endpoint,
    credentials: async () => ({
      accessKeyId: 'LTAIsimulator',
      accessKeySecret: new Secret('simulator-secret'),
    }),
    clock,
  });
  const { intents, targets } = intentsOf(plan, Buffer.alloc(32));
  const wanted: FieldValues = { ...intents[0]?.fields };
  const queue = new PQueue({ concurrency: options.parallel });
  await queue.addAll(targets.map((target) => () => changeOne(api, target, wanted, options.pollMs)));
  api.close();
}

async function changeOne(
  api: VpnApi,
  target: { regionId: string; vpnConnectionId: string },
  wanted: FieldValues,
  pollMs: number,
): Promise<void> {
  const found = await read(api, target);
  const { attachType } = found;
  const share = { part: connectionPart, wanted, tunnels: [] };
  const fields = fieldsToSend(found.fields, share, { attachType, isDual: false });
  const request = { ...target, attachType, part: connectionPart, tunnels: [], fields };
  for (let attempt = 0; ; attempt += 1) {
    const clientToken = `loop-${target.vpnConnectionId}-${attempt}`.slice(0, 64);
    const outcome = await api.modify({ ...request, clientToken });
    if (outcome.kind === 'accepted') break;
    if (outcome.kind !== 'busy') throw new Error(`the loop met ${outcome.kind}`);
    await clock.sleep(pollMs);
  }
  do await clock.sleep(pollMs);
  while (!isSettledState(await read(api, target)));
}

async function read(
  api: VpnApi,
  target: { regionId: string; vpnConnectionId: string },
): Promise<VpnConnection> {
  const outcome = await api.describeConnection(target);
  if (outcome.kind !== 'ok' || outcome.value === null) throw new Error('the loop cannot read');
  return outcome.value;
}
