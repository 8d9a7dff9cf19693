import { z } from 'zod';
import { jsonAnswer, type SimulatorAnswer, type SimulatorRequest } from './answers.ts';
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
    ike: z
      .strictObject({
        Psk: z.string(),
        IkeVersion: z.string(),
        IkeMode: z.string(),
        IkeEncAlg: z.string(),
        IkeAuthAlg: z.string(),
        IkePfs: z.string(),
        IkeLifetime: z.number(),
        LocalId: z.string(),
        RemoteId: z.string(),
      })
      .partial()
      .optional(),
    ipsec: z
      .strictObject({
        IpsecEncAlg: z.string(),
        IpsecAuthAlg: z.string(),
        IpsecPfs: z.string(),
        IpsecLifetime: z.number(),
      })
      .partial()
      .optional(),
  }),
  settleMs: z.number().min(0).optional(),
});

/** Answers health, connections, record and, where allowed, edits "in the console". */
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

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Absent and undefined are different things to a patch. */
function withoutUndefined<T extends object>(value: T): Defined<T> {
  const defined: Defined<T> = { ...value } as Defined<T>;
  for (const key in defined) if (defined[key] === undefined) delete defined[key];
  return defined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
