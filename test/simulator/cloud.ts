import { createHmac } from 'node:crypto';
import type { SimulatorAnswer } from '../../local/simulator/answers.ts';
import type { SimulatorClock } from '../../local/simulator/clock.ts';
import {
  makeConnection,
  makeCustomerGateway,
  makeGateway,
  makeTunnel,
} from '../../local/simulator/defaults.ts';
import type { Connection, Inventory } from '../../local/simulator/shapes.ts';
import {
  createSimulator,
  DEMO_ACCESS_KEY,
  type Simulator,
  type SimulatorOptions,
} from '../../local/simulator/simulator.ts';

export const REGION = 'cn-hangzhou';

/** A clock that moves only when told; sleeping moves it. */
export class FakeClock implements SimulatorClock {
  #now = Date.UTC(2026, 0, 2, 3, 4, 5);
  readonly slept: number[] = [];

  now(): number {
    return this.#now;
  }

  advance(ms: number): void {
    this.#now += ms;
  }

  sleep(ms: number): Promise<void> {
    this.slept.push(ms);
    this.advance(ms);
    return Promise.resolve();
  }
}

/** Two connections on one gateway, one on another, a dual-tunnel one, an attachment and an unattached one. */
export function aSmallInventory(...extra: readonly Connection[]): Inventory {
  const at = { regionId: REGION, customerGatewayId: 'cgw-1' };
  return {
    regions: [
      { regionId: REGION, localName: 'Hangzhou' },
      { regionId: 'eu-central-1', localName: 'Frankfurt' },
    ],
    gateways: [
      makeGateway({ regionId: REGION, id: 'vpn-1', vpcId: 'vpc-1' }),
      makeGateway({ regionId: REGION, id: 'vpn-2', vpcId: 'vpc-2', enableBgp: false }),
      makeGateway({ regionId: REGION, id: 'vpn-locked', businessStatus: 'FinancialLocked' }),
    ],
    customerGateways: [
      makeCustomerGateway({ regionId: REGION, id: 'cgw-1', ipAddress: '139.1.1.1' }),
      makeCustomerGateway({ regionId: REGION, id: 'cgw-2', asn: 0 }),
    ],
    connections: [
      makeConnection({ ...at, id: 'vco-a', vpnGatewayId: 'vpn-1', name: 'a' }),
      makeConnection({ ...at, id: 'vco-b', vpnGatewayId: 'vpn-1', name: 'b' }),
      makeConnection({ ...at, id: 'vco-c', vpnGatewayId: 'vpn-2', customerGatewayId: 'cgw-2' }),
      makeConnection({
        ...at,
        id: 'vco-dual',
        vpnGatewayId: 'vpn-1',
        tunnels: [
          makeTunnel({ tunnelId: 'tun-1', index: 1, customerGatewayId: 'cgw-1' }),
          makeTunnel({ tunnelId: 'tun-2', index: 2, customerGatewayId: 'cgw-1' }),
        ],
      }),
      makeConnection({ ...at, id: 'vco-cen', transitRouterId: 'tr-1' }),
      makeConnection({
        ...at,
        id: 'vco-cen-dual',
        transitRouterId: 'tr-1',
        tunnels: [
          makeTunnel({ tunnelId: 'tun-3', index: 1, customerGatewayId: 'cgw-1' }),
          makeTunnel({ tunnelId: 'tun-4', index: 2, customerGatewayId: 'cgw-2' }),
        ],
      }),
      makeConnection({ ...at, id: 'vco-free' }),
      makeConnection({ ...at, id: 'vco-poor', vpnGatewayId: 'vpn-locked' }),
      makeConnection({ ...at, id: 'vco-poor-cen', transitRouterId: 'tr-1', financialLocked: true }),
      ...extra,
    ],
  };
}

export interface Cloud {
  readonly clock: FakeClock;
  readonly simulator: Simulator;
  readonly call: (
    action: string,
    params?: Readonly<Record<string, string>>,
    overrides?: Readonly<Record<string, string>>,
  ) => Promise<Reply>;
  /** The Modify action that fits the connection, with both subnets. */
  readonly modify: (id: string, params?: Readonly<Record<string, string>>) => Promise<Reply>;
}

/** An answer with its JSON body; `body` is empty when the connection was dropped or held no JSON. */
export interface Reply {
  readonly status: number;
  readonly dropped: boolean;
  readonly text: string;
  readonly body: AnswerBody;
}

/** The parts of answers that tests look at. */
export interface AnswerBody {
  readonly Code?: string;
  readonly Message?: string;
  readonly RequestId?: string;
  readonly Name?: string;
  readonly State?: string;
  readonly Status?: string;
  readonly PageNumber?: number;
  readonly PageSize?: number;
  readonly TotalCount?: number;
  readonly LocalSubnet?: string;
  readonly IkeConfig?: Readonly<Record<string, string | number>>;
  readonly IpsecConfig?: Readonly<Record<string, string | number>>;
  readonly VpnConnections?: { readonly VpnConnection: readonly AnswerBody[] };
  readonly VpnAttachments?: readonly { readonly InstanceId: string }[];
  readonly VpnGateways?: { readonly VpnGateway: readonly { readonly VpnGatewayId: string }[] };
  readonly CustomerGateways?: {
    readonly CustomerGateway: readonly { readonly CustomerGatewayId: string }[];
  };
  readonly VpnConnectionId?: string;
  /** A list in answers of the attachment action, an object everywhere else. */
  readonly TunnelOptionsSpecification?:
    | readonly TunnelBody[]
    | { readonly TunnelOptions: readonly TunnelBody[] };
}

/** The parts of a tunnel that tests look at. */
export interface TunnelBody {
  readonly TunnelId: string;
  readonly State: string;
  readonly Status?: string;
  readonly CustomerGatewayId: string;
  readonly TunnelIkeConfig: Readonly<Record<string, string | number>>;
}

/** The tunnels of an answer, whatever its shape. */
export function tunnelsIn(body: AnswerBody): readonly TunnelBody[] {
  const given = body.TunnelOptionsSpecification ?? [];
  return 'TunnelOptions' in given ? given.TunnelOptions : given;
}

/** Parameters of item N of `TunnelOptionsSpecification`, flattened. */
export function tunnelItem(
  number: number,
  fields: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      `TunnelOptionsSpecification.${number}.${name}`,
      value,
    ]),
  );
}

/** Parameters of ModifyTunnelAttribute, whose options are one object. */
export function tunnelObject(
  fields: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [`TunnelOptionsSpecification.${name}`, value]),
  );
}

/** A simulator on a fake clock whose changes take exactly 10 s and show after 2 s, unless told otherwise. */
export function aCloud(options: SimulatorOptions = {}): Cloud {
  const clock = new FakeClock();
  const simulator = createSimulator({
    clock,
    inventory: aSmallInventory(),
    settleMs: { min: 10_000, max: 10_000 },
    lateMs: { min: 2_000, max: 2_000 },
    ...options,
  });
  let nonce = 0;
  const call: Cloud['call'] = async (action, params = {}, overrides = {}) => {
    nonce += 1;
    const body = signedForm(
      { Action: action, RegionId: REGION, ...params },
      { Timestamp: stamp(clock.now()), SignatureNonce: `nonce-${nonce}`, ...overrides },
    );
    return replyOf(await simulator.handle({ method: 'POST', path: '/', headers: {}, body }));
  };
  return {
    clock,
    simulator,
    call,
    modify: (id, params = {}) => {
      const connection = simulator.state.connection(REGION, id);
      const action =
        connection.attachType === 'VPNGW'
          ? 'ModifyVpnConnectionAttribute'
          : 'ModifyVpnAttachmentAttribute';
      const subnets = {
        LocalSubnet: connection.localSubnet,
        RemoteSubnet: connection.remoteSubnet,
      };
      return call(action, { VpnConnectionId: id, ...subnets, ...params });
    },
  };
}

export function replyOf(answer: SimulatorAnswer): Reply {
  const isJson = answer.headers['content-type']?.startsWith('application/json') ?? false;
  return {
    status: answer.status,
    dropped: answer.dropped,
    text: answer.body,
    body: isJson ? safeJson(answer.body) : {},
  };
}

function safeJson(text: string): AnswerBody {
  try {
    const body: AnswerBody = JSON.parse(text);
    return body;
  } catch {
    return {};
  }
}

/** `2026-01-02T03:04:05Z`, the form of `Timestamp`. */
export function stamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Signs on its own, so that the simulator's signature check is not checked against itself. */
export function signedForm(
  params: Readonly<Record<string, string>>,
  overrides: Readonly<Record<string, string>> = {},
  { method = 'POST', secret = DEMO_ACCESS_KEY.accessKeySecret as string } = {},
): string {
  const { Signature, ...all }: Record<string, string> = {
    Version: '2016-04-28',
    Format: 'JSON',
    AccessKeyId: DEMO_ACCESS_KEY.accessKeyId,
    SignatureMethod: 'HMAC-SHA1',
    SignatureVersion: '1.0',
    ...params,
    ...overrides,
  };
  const form = Object.keys(all)
    .sort()
    .map((name) => `${encode(name)}=${encode(all[name] ?? '')}`)
    .join('&');
  const signature =
    Signature ??
    createHmac('sha1', `${secret}&`)
      .update(`${method}&%2F&${encode(form)}`)
      .digest('base64');
  return `${form}&Signature=${encode(signature)}`;
}
