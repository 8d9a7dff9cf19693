import {
  describeVpnAttachments,
  describeVpnConnection,
  describeVpnConnections,
} from './connections.ts';
import type { Action } from './context.ts';
import { describeCustomerGateway, describeCustomerGateways } from './customer-gateways.ts';
import { diagnoseVpnConnections } from './diagnose.ts';
import { describeVpnGateway, describeVpnGateways } from './gateways.ts';
import { describeVpnConnectionLogs } from './logs.ts';
import {
  modifyTunnelAttribute,
  modifyVpnAttachmentAttribute,
  modifyVpnConnectionAttribute,
} from './modify.ts';
import { describeRegions } from './regions.ts';

/** Every action of the VPC API 2016-04-28 that has to do with changing IPsec connections. */
export const actionNames = [
  'ModifyVpnConnectionAttribute',
  'ModifyVpnAttachmentAttribute',
  'ModifyTunnelAttribute',
  'DescribeVpnConnection',
  'DescribeVpnConnections',
  'DescribeVpnAttachments',
  'DescribeVpnGateway',
  'DescribeVpnGateways',
  'DescribeCustomerGateway',
  'DescribeCustomerGateways',
  'DescribeVpnConnectionLogs',
  'DiagnoseVpnConnections',
  'DescribeRegions',
] as const;

export type ActionName = (typeof actionNames)[number];

/** What the simulator knows about an action. */
export interface ActionRow {
  readonly access: 'read' | 'write';
  readonly needsRegion: boolean;
  readonly run: Action;
}

function read(run: ActionRow['run']): ActionRow {
  return { access: 'read', needsRegion: true, run };
}

function write(run: ActionRow['run']): ActionRow {
  return { access: 'write', needsRegion: true, run };
}

/** Complete by construction: an action without a row does not compile. */
export const actionTable: Readonly<Record<ActionName, ActionRow>> = {
  ModifyVpnConnectionAttribute: write(modifyVpnConnectionAttribute),
  ModifyVpnAttachmentAttribute: write(modifyVpnAttachmentAttribute),
  ModifyTunnelAttribute: write(modifyTunnelAttribute),
  DescribeVpnConnection: read(describeVpnConnection),
  DescribeVpnConnections: read(describeVpnConnections),
  DescribeVpnAttachments: read(describeVpnAttachments),
  DescribeVpnGateway: read(describeVpnGateway),
  DescribeVpnGateways: read(describeVpnGateways),
  DescribeCustomerGateway: read(describeCustomerGateway),
  DescribeCustomerGateways: read(describeCustomerGateways),
  DescribeVpnConnectionLogs: read(describeVpnConnectionLogs),
  DiagnoseVpnConnections: read(diagnoseVpnConnections),
  DescribeRegions: { access: 'read', needsRegion: false, run: describeRegions },
};

export function isActionName(name: string): name is ActionName {
  return Object.hasOwn(actionTable, name);
}
