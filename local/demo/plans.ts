import type { Random } from '../../shared/platform/random.ts';
import type { Connection } from '../simulator/shapes.ts';
import type { Fleet } from './fleet.ts';

/** A plan as it is posted, and what the demo expects of it. */
export interface DemoPlan {
  /** What the progress bar calls it. */
  label: string;
  body: Readonly<Record<string, unknown>>;
  connections: readonly Connection[];
  /** The connection as it has to be afterwards. */
  appliedTo(connection: Connection): Connection;
}

const keyBytes = 24;

/** Nothing waits for anything but the lanes; an outage is accepted, because tunnels are not verified in this version. */
const rollout = { concurrency: '100%', redundancy: 'none' };
const common = { rollout, acceptOutage: true, verify: { tunnel: 'none' } };

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
      ...common,
    },
    connections: ours,
    appliedTo: (connection) => ({
      ...connection,
      ike: { ...connection.ike, ...ike },
      ipsec: { ...connection.ipsec, ...ipsec },
    }),
  };
}

/** A key of its own for every connection in production, told by its tag. */
export function rotationPlan({ ours }: Fleet, random: Random): DemoPlan & { keys: string[] } {
  const connections = ours.filter(isProduction);
  const keys = connections.map(() => random.bytes(keyBytes).toString('base64url'));
  const keyOf = new Map(connections.map((connection, index) => [connection.id, keys[index]]));
  return {
    label: 'key rotation',
    body: {
      title: 'Q4 key rotation, production',
      targets: connections.map((connection) => ({
        ...targetOf(connection),
        set: { IkeConfig: { Psk: keyOf.get(connection.id) } },
      })),
      ...common,
    },
    connections,
    keys,
    appliedTo: (connection) => {
      const Psk = keyOf.get(connection.id) ?? connection.ike.Psk;
      return { ...connection, ike: { ...connection.ike, Psk } };
    },
  };
}

function targetOf({ regionId, id }: Connection): { regionId: string; vpnConnectionId: string } {
  return { regionId, vpnConnectionId: id };
}

function isProduction({ tags }: Connection): boolean {
  return tags.some((tag) => tag.Key === 'env' && tag.Value === 'prod');
}
