import { z } from 'zod';
import { jsonAnswer, type SimulatorAnswer } from './answers.ts';
import { SimulatorError } from './errors.ts';
import type { CloudState, TunnelHandle } from './state.ts';

/** Which tunnel is meant; single-tunnel connections have no `tunnelId`. */
const Subject = z.strictObject({
  regionId: z.string(),
  vpnConnectionId: z.string(),
  tunnelId: z.string().nullable().default(null),
});

const Ike = z
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
  .partial();

const Ipsec = z
  .strictObject({
    IpsecEncAlg: z.string(),
    IpsecAuthAlg: z.string(),
    IpsecPfs: z.string(),
    IpsecLifetime: z.number(),
  })
  .partial();

/** New values of an IKE and an IPsec block, in the words of the wire. */
export const SideChange = z.strictObject({ ike: Ike.optional(), ipsec: Ipsec.optional() });

const Delivered = Subject.extend(SideChange.shape);

const Behaviour = Subject.extend({
  adoption: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('follows') }),
    z.strictObject({ kind: z.literal('onDelivery') }),
    z.strictObject({ kind: z.literal('late'), afterMs: z.number().min(0) }),
    z.strictObject({ kind: z.literal('never') }),
    z.strictObject({ kind: z.literal('wrongly') }),
  ]),
});

/** Answers `peers/deliver`, `peers/behave` and `peers/reset`; null for any other route. */
export function answerPeers(
  route: string,
  body: unknown,
  state: CloudState,
): SimulatorAnswer | null {
  switch (route) {
    case 'POST peers/deliver':
      return onTunnel(Delivered, body, state, (tunnel, { ike, ipsec }) =>
        tunnel.deliver({
          ...(ike ? { ike: withoutUndefined(ike) } : {}),
          ...(ipsec ? { ipsec: withoutUndefined(ipsec) } : {}),
        }),
      );
    case 'POST peers/behave':
      return onTunnel(Behaviour, body, state, (tunnel, { adoption }) => {
        tunnel.behave(adoption);
        return 'accepted';
      });
    case 'POST peers/reset':
      return onTunnel(Subject, body, state, (tunnel) => {
        tunnel.reset();
        return 'accepted';
      });
    default:
      return null;
  }
}

function onTunnel<Given extends z.infer<typeof Subject>>(
  schema: z.ZodType<Given>,
  body: unknown,
  state: CloudState,
  act: (tunnel: TunnelHandle, given: Given) => string,
): SimulatorAnswer {
  const parsed = schema.safeParse(body);
  if (!parsed.success) return jsonAnswer(400, { error: z.prettifyError(parsed.error) });
  const { regionId, vpnConnectionId, tunnelId } = parsed.data;
  try {
    const tunnel = state.tunnel(regionId, vpnConnectionId, tunnelId);
    return jsonAnswer(200, { status: act(tunnel, parsed.data) });
  } catch (error) {
    if (!(error instanceof SimulatorError)) throw error;
    return jsonAnswer(404, { error: error.message });
  }
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Absent and undefined are different things to a patch. */
export function withoutUndefined<T extends object>(value: T): Defined<T> {
  const defined: Defined<T> = { ...value } as Defined<T>;
  for (const key in defined) if (defined[key] === undefined) delete defined[key];
  return defined;
}
