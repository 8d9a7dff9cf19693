import type { Connection } from '../simulator/shapes.ts';
import type { Fleet } from './fleet.ts';

/** A plan as it is posted, and what the demo expects of it. */
export interface DemoPlan {
  /** What the progress bar calls it. */
  label: string;
  body: Readonly<Record<string, unknown>>;
  connections: readonly Connection[];
  /** Whether keys are made by the service. */
  makesKeys: boolean;
  /** The connection as it has to be afterwards; keys that were made are those that it has `now`. */
  appliedTo(connection: Connection, now: Connection): Connection;
}

/** Nothing waits for anything but the lanes, and the second tunnel of a pair for the first. */
const rollout = { concurrency: '100%', redundancy: 'none' };

const ike = { IkeVersion: 'ikev2', IkeEncAlg: 'aes256', IkeAuthAlg: 'sha256', IkePfs: 'group14' };
const ipsec = { IpsecEncAlg: 'aes256', IpsecAuthAlg: 'sha256', IpsecPfs: 'group14' };

/** Today's algorithms for every connection. */
export function upgradePlan({ ours }: Fleet): DemoPlan {
  return {
    label: 'algorithm upgrade',
    body: {
      title: 'IKEv2, AES-256 and group 14 everywhere',
      targets: ours.map(targetOf),
      set: { IkeConfig: ike, IpsecConfig: ipsec },
      rollout,
    },
    connections: ours,
    makesKeys: false,
    appliedTo: (connection) => ({
      ...connection,
      ...(connection.tunnels.length === 0 ? upgraded(connection) : {}),
      tunnels: connection.tunnels.map((tunnel) => ({ ...tunnel, ...upgraded(tunnel) })),
    }),
  };
}

function upgraded(sa: Pick<Connection, 'ike' | 'ipsec'>): Pick<Connection, 'ike' | 'ipsec'> {
  return { ike: { ...sa.ike, ...ike }, ipsec: { ...sa.ipsec, ...ipsec } };
}

/** A fresh key for every tunnel in production, told by its tag. */
export function rotationPlan({ ours }: Fleet): DemoPlan {
  const connections = ours.filter(isProduction);
  return {
    label: 'key rotation',
    body: {
      title: 'Q4 key rotation, production',
      targets: connections.map(targetOf),
      rotatePsk: true,
      handover: { deliverTo: ['kms'] },
      rollout,
    },
    connections,
    makesKeys: true,
    appliedTo: (connection, now) => ({
      ...connection,
      ...(connection.tunnels.length === 0 ? { ike: { ...connection.ike, Psk: now.ike.Psk } } : {}),
      tunnels: connection.tunnels.map((tunnel, index) => {
        const Psk = now.tunnels[index]?.ike.Psk ?? tunnel.ike.Psk;
        return { ...tunnel, ike: { ...tunnel.ike, Psk } };
      }),
    }),
  };
}

function targetOf({ regionId, id }: Connection): { regionId: string; vpnConnectionId: string } {
  return { regionId, vpnConnectionId: id };
}

function isProduction({ tags }: Connection): boolean {
  return tags.some((tag) => tag.Key === 'env' && tag.Value === 'prod');
}
