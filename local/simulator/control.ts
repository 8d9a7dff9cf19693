import { z } from 'zod';
import { jsonAnswer, type SimulatorAnswer, type SimulatorRequest } from './answers.ts';
import { answerPeers, SideChange, withoutUndefined } from './control-peers.ts';
import { SimulatorError } from './errors.ts';
import type { SimulatorRecord } from './record.ts';
import type { Inventory } from './shapes.ts';
import type { CloudState } from './state.ts';

/** Paths below this one are the simulator's own, everything else is the cloud. */
export const CONTROL_PREFIX = '/_simulator/';

const Tampering = z.strictObject({
  regionId: z.string(),
  vpnConnectionId: z.string(),
  changes: z.strictObject({
    name: z.string().optional(),
    localSubnet: z.string().optional(),
    remoteSubnet: z.string().optional(),
    effectImmediately: z.boolean().optional(),
    enableDpd: z.boolean().optional(),
    enableNatTraversal: z.boolean().optional(),
    ...SideChange.shape,
  }),
  settleMs: z.number().min(0).optional(),
});

/** Answers health, connections, record and, where allowed, edits "in the console" and what peers are told. */
export function answerControl(
  request: SimulatorRequest,
  parts: {
    readonly state: CloudState;
    readonly record: SimulatorRecord;
    readonly inventory: Inventory;
    readonly admin: boolean;
  },
): SimulatorAnswer {
  const path = request.path.split('?')[0] ?? '';
  const route = `${request.method} ${path.slice(CONTROL_PREFIX.length)}`;
  if (route === 'GET health') return jsonAnswer(200, { status: 'ok' });
  if (route === 'GET connections') return jsonAnswer(200, { connections: listed(parts.inventory) });
  if (route === 'GET record') return jsonAnswer(200, { ...parts.record.snapshot() });
  if (route === 'POST tamper' && parts.admin) return tamper(request.body, parts.state);
  const answer = parts.admin ? answerPeers(route, parseJson(request.body), parts.state) : null;
  if (answer !== null) return answer;
  return jsonAnswer(404, { error: `no ${route} here` });
}

/** What there is to change, as a plan names it; no keys. */
function listed(inventory: Inventory): readonly object[] {
  return inventory.connections.map(({ regionId, id, name, attachType, vpnGatewayId }) => ({
    regionId,
    vpnConnectionId: id,
    name,
    attachType,
    vpnGatewayId,
  }));
}

function tamper(body: string, state: CloudState): SimulatorAnswer {
  const parsed = Tampering.safeParse(parseJson(body));
  if (!parsed.success) return jsonAnswer(400, { error: z.prettifyError(parsed.error) });
  const { regionId, vpnConnectionId, changes, settleMs } = parsed.data;
  try {
    const { ike, ipsec, ...plain } = withoutUndefined(changes);
    const current = state.connection(regionId, vpnConnectionId);
    const patch = {
      ...plain,
      ...(ike ? { ike: { ...current.ike, ...withoutUndefined(ike) } } : {}),
      ...(ipsec ? { ipsec: { ...current.ipsec, ...withoutUndefined(ipsec) } } : {}),
    };
    state.tamper(regionId, vpnConnectionId, patch, settleMs === undefined ? {} : { settleMs });
    return jsonAnswer(200, { status: 'accepted' });
  } catch (error) {
    if (!(error instanceof SimulatorError)) throw error;
    return jsonAnswer(error.code === 'scope_busy' ? 409 : 404, { error: error.message });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
