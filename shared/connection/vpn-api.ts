import type {
  AttachType,
  ConnectionRef,
  CustomerGateway,
  TunnelIdentity,
  VpnConnection,
  VpnGateway,
} from './model.ts';
import type {
  Diagnosis,
  DiagnosisQuery,
  NegotiationPage,
  NegotiationQuery,
} from './negotiation.ts';
import type { FieldValues } from './values.ts';

/** One page of a list read. */
export interface Page<Item> {
  items: readonly Item[];
  /** How many there are over all pages. */
  total: number;
}

/** Most items that one list call answers with. Source: DescribeVpnConnections, DescribeVpnGateways, `PageSize`. */
export const pageSize = 50;

/** What one write changes: {@link connectionPart}, or one tunnel, by its id. */
export type ChangePart = string;

/** The connection itself, with its one tunnel if it is a single-tunnel one. */
export const connectionPart: ChangePart = 'connection';

/** What decides where a write goes and what it means: a repeat of it is the identical request. */
export interface ModifyTarget extends ConnectionRef {
  attachType: AttachType;
  part: ChangePart;
  /** The tunnels whose fields are sent, by all the names that one read showed; empty for single-tunnel connections. */
  tunnels: readonly TunnelIdentity[];
}

/**
 * A write, complete. `fields` holds the whole IKE block with its key when any of it is sent, and both subnets wherever
 * the action takes them.
 */
export interface ModifyRequest extends ModifyTarget {
  clientToken: string;
  fields: FieldValues;
}

/** How the cloud's error codes are told apart; each code's class stands in one table of the adapter. */
export type CloudErrorClass =
  | 'busy'
  | 'throttled'
  | 'unknown_fate'
  | 'not_sent'
  | 'invalid'
  | 'quota'
  | 'locked'
  | 'permission'
  | 'credentials'
  | 'not_found';

/** A refusal or failure of one call, safe to store and show. */
export interface CloudError {
  class: CloudErrorClass;
  /** The cloud's own code, or a code of ours for the transport (`Timeout`, `ConnectionReset`, `UnreadableAnswer`). */
  code: string;
  /** A sentence of ours: what it means and what to do. Never the cloud's text. */
  message: string;
  requestId: string | null;
  /** When the same call may be made again, where that is known (an exhausted budget). */
  retryInMs?: number;
}

/** What became of a write, as far as its answer tells. Acceptance is not completion: the cloud applies it later. */
export type ModifyOutcome =
  | { kind: 'accepted'; requestId: string }
  /** Another operation holds the scope; nothing was changed. */
  | { kind: 'busy'; error: CloudError }
  /** Flow control; nothing was changed. */
  | { kind: 'throttled'; error: CloudError }
  /** Timeout, reset, 5xx or an unreadable answer: it may or may not have been applied. */
  | { kind: 'unknown'; error: CloudError }
  /** The request certainly never left (no connection could be made). */
  | { kind: 'not_sent'; error: CloudError }
  /** Refused for good. */
  | { kind: 'refused'; error: CloudError };

/** What became of a read. */
export type ReadOutcome<Value> =
  | { kind: 'ok'; value: Value }
  | { kind: 'failed'; error: CloudError };

export interface ConnectionQuery {
  regionId: string;
  vpnGatewayId?: string;
  /** From 1. */
  pageNumber: number;
}

export interface GatewayQuery {
  regionId: string;
  /** Only gateways in this status, such as `updating`. */
  status?: string;
  /** From 1. */
  pageNumber: number;
}

/** The VPC API, as far as Lanekeeper uses it. Implementations never throw for what the cloud or the network does. */
export interface VpnApi {
  /** DescribeVpnConnections, pages of {@link pageSize}. */
  listConnections(query: ConnectionQuery): Promise<ReadOutcome<Page<VpnConnection>>>;
  /** DescribeVpnConnection; null when there is none. */
  describeConnection(ref: ConnectionRef): Promise<ReadOutcome<VpnConnection | null>>;
  /** DescribeVpnGateways, pages of {@link pageSize}. */
  listGateways(query: GatewayQuery): Promise<ReadOutcome<Page<VpnGateway>>>;
  /** DescribeVpnGateway; null when there is none. */
  describeGateway(query: {
    regionId: string;
    vpnGatewayId: string;
  }): Promise<ReadOutcome<VpnGateway | null>>;
  /** DescribeCustomerGateways, pages of {@link pageSize}. */
  listCustomerGateways(query: {
    regionId: string;
    /** From 1. */
    pageNumber: number;
  }): Promise<ReadOutcome<Page<CustomerGateway>>>;
  /** DescribeVpnConnectionLogs, pages of {@link pageSize} lines. */
  connectionLogs(query: NegotiationQuery): Promise<ReadOutcome<NegotiationPage>>;
  /** DiagnoseVpnConnections, at most {@link pageSize} tunnels. */
  diagnose(query: DiagnosisQuery): Promise<ReadOutcome<readonly Diagnosis[]>>;
  /** ModifyVpnConnectionAttribute, ModifyVpnAttachmentAttribute or ModifyTunnelAttribute, by attach type and part. */
  modify(request: ModifyRequest): Promise<ModifyOutcome>;
}

/** The API action that a call of the port becomes, for budgets and records. */
export type VpnAction =
  | 'DescribeVpnConnections'
  | 'DescribeVpnConnection'
  | 'DescribeVpnGateways'
  | 'DescribeVpnGateway'
  | 'DescribeCustomerGateways'
  | 'DescribeVpnConnectionLogs'
  | 'DiagnoseVpnConnections'
  | 'ModifyVpnConnectionAttribute'
  | ModifyAction;

export type ModifyAction =
  | 'ModifyVpnConnectionAttribute'
  | 'ModifyVpnAttachmentAttribute'
  | 'ModifyTunnelAttribute';

/** The action that makes a write. Source: API documents of the three actions; only gateways have one for a tunnel. */
export function modifyActionFor({
  attachType,
  part,
}: Pick<ModifyTarget, 'attachType' | 'part'>): ModifyAction {
  if (attachType !== 'VPNGW') return 'ModifyVpnAttachmentAttribute';
  return part === connectionPart ? 'ModifyVpnConnectionAttribute' : 'ModifyTunnelAttribute';
}
