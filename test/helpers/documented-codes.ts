import type { AnsweredClass } from '../../shared/adapters/aliyun/error-row.ts';

/*
 * The error codes of the VPC API 2016-04-28 as public texts have them, copied from there and not from our tables, so
 * that a code that one of the tables lacks or misspells is noticed.
 */

type Documented = readonly [httpStatus: number, code: string, message: string];

const subUserMessage =
  'User not authorized to operate on the specified resource as your account is created by another user.';
const forbiddenMessage = 'User not authorized to operate on the specified resource.';
const noConnectionMessage = 'The specified vpn connection instance id does not exist.';

/** The table "Error codes" of the document ModifyVpnConnectionAttribute, in its order. */
export const connectionDocument: readonly Documented[] = [
  [403, 'Forbbiden.SubUser', subUserMessage],
  [403, 'Forbidden', forbiddenMessage],
  [404, 'InvalidVpnConnectionInstanceId.NotFound', noConnectionMessage],
  [400, 'VpnGateway.Configuring', 'The specified service is configuring.'],
  [400, 'VpnGateway.FinancialLocked', 'The specified service is financial locked.'],
  [400, 'InvalidName', 'The name is not valid'],
];

/** The table "Error codes" of the document ModifyVpnAttachmentAttribute, in its order; `%s` is the refused value. */
export const attachmentDocument: readonly Documented[] = [
  [400, 'VpnConnection.Configuring', 'The specified service is configuring.'],
  [400, 'VpnConnection.FinancialLocked', 'The specified service is financial locked.'],
  [400, 'InvalidName', 'The name is not valid'],
  [400, 'VpnRouteEntry.AlreadyExists', 'The specified route entry is already exist.'],
  [400, 'VpnRouteEntry.Conflict', 'The specified route entry has conflict.'],
  [
    400,
    'NotSupportVpnConnectionParameter.IpsecPfs',
    'The specified vpn connection ipsec Ipsec Pfs is not support.',
  ],
  [
    400,
    'NotSupportVpnConnectionParameter.IpsecAuthAlg',
    'The specified vpn connection ipsec Auth Alg is not support.',
  ],
  [400, 'VpnRouteEntry.BackupRoute', 'Validate backup route entry failed.'],
  [400, 'VpnRouteEntry.InvalidWeight', 'Invalid route entry weight value.'],
  [
    400,
    'MissingParameter.TunnelCidr',
    'The parameter TunnelCidr is mandatory when BGP is enabled.',
  ],
  [400, 'OperationUnsupported.EnableBgp', 'Current region does not support enable BGP.'],
  [
    400,
    'MissingParam.CustomerGatewayAsn',
    'Asn of customer gateway is mandatory when BGP is enabled.',
  ],
  [400, 'IllegalParam.LocalAsn', 'The specified LocalAsn is invalid.'],
  [400, 'IllegalParam.BgpConfig', 'The specified BgpConfig is invalid.'],
  [400, 'IllegalParam.TunnelCidr', 'The specified TunnelCidr is invalid.'],
  [400, 'InvalidLocalBgpIp.Malformed', 'The specified LocalBgpIp is malformed.'],
  [400, 'IllegalParam.LocalBgpIp', 'The specified LocalBgpIp is invalid.'],
  [400, 'IllegalParam.LocalSubnet', 'The specified "LocalSubnet" (%s) is invalid.'],
  [400, 'IllegalParam.RemoteSubnet', 'The specified "RemoteSubnet" (%s) is invalid.'],
  [
    400,
    'CustomerGateway.ConflictRouteEntry',
    'The specified customer gateway has conflict with route entry.',
  ],
  [400, 'IllegalParam.NetworkType', 'The specified NetworkType (%s) is invalid.'],
  [400, 'InvalidTunnelCidr.Malformed', 'The specified TunnelCidr is malformed.'],
  [
    400,
    'InvalidVpnGatewayInstanceId.NotFound',
    'The specified vpn gateway instance id does not exist.',
  ],
  [
    400,
    'Resource.QuotaFull',
    'The resources you are operating have reached the upper limit of the quota. Please increase the quota or use other solutions to avoid it according to the VPN operation document.',
  ],
  [
    400,
    'CreateDbrRoutesQuotaFull.QuotaFull',
    'The number of created destination routes exceeds the quota limit.',
  ],
  [
    400,
    'CreatePbrRoutesQuotaFull.QuotaFull',
    'The number of policy routes exceeds the quota limit.',
  ],
  [403, 'Forbbiden.SubUser', subUserMessage],
  [403, 'Forbidden', forbiddenMessage],
  [404, 'InvalidVpnConnectionInstanceId.NotFound', noConnectionMessage],
];

/**
 * What the help centre's pages of common errors, of idempotence and of the two Modify actions, and the Terraform
 * provider's lists name beyond the two documents. Null: no text gives a status.
 */
const elsewhere: readonly (readonly [httpStatus: number | null, code: string])[] = [
  [null, 'Appliance.Configuring'],
  [null, 'VpnTask.CONFLICT'],
  [null, 'TaskConflict'],
  [null, 'VpnRouteEntry.Configuring'],
  [null, 'OperationConflict'],
  [null, 'Operation.Blocking'],
  [null, 'LastTokenProcessing'],
  [null, 'OperationFailed.LastTokenProcessing'],
  [null, 'OperationFailed.DistibuteLock'],
  [null, 'OperationFailed.ConcurrentOperation'],
  [null, 'SystemBusy'],
  [null, 'VpnConnection.InvalidCreateTunnelOptions'],
  [null, 'InvalidVpnConnection.AlreadyExists'],
  [null, 'IdempotentParameterMismatch'],
  [400, 'MissingParameter'],
  [null, 'InvalidParameter'],
  [null, 'UnsupportedOperation'],
  [null, 'UnsupportedParameter'],
  [null, 'InvalidRegionId.NotFound'],
  [null, 'QuotaExceeded.PolicyBasedRoute'],
  [null, 'QuotaExceeded.VpnRouteEntry'],
  [null, 'Forbidden.RAM'],
  [null, 'NoPermission'],
  [null, 'Forbidden.RiskControl'],
  [404, 'InvalidAccessKeyId.NotFound'],
  [null, 'InvalidAccessKeyId.Inactive'],
  [400, 'SignatureDoesNotMatch'],
  [400, 'IncompleteSignature'],
  [null, 'InvalidSignatureMethod'],
  [null, 'InvalidSecurityToken.Expired'],
  [null, 'InvalidSecurityToken.Malformed'],
  [400, 'InvalidTimeStamp.Expired'],
  [null, 'InvalidTimeStamp.Format'],
  [400, 'SignatureNonceUsed'],
  [404, 'InvalidCustomerGatewayInstanceId.NotFound'],
  [404, 'InvalidApi.NotFound'],
  [404, 'InvalidProduct.NotFound'],
  [400, 'Throttling'],
  [400, 'Throttling.User'],
  [400, 'Throttling.Api'],
  [null, 'Rejected.Throttling'],
  [null, 'Throttling.ConcurrentLimitExceeded'],
  [null, 'Throttling.user'],
  [500, 'InternalError'],
  [null, 'UnknownError'],
  [503, 'ServiceUnavailable'],
];

/** The codes that the texts give by pattern, each with one that only its family covers. */
export const families: readonly (readonly [pattern: string, example: string, AnsweredClass])[] = [
  ['IncorrectStatus*', 'IncorrectStatus.VpnConnection', 'busy'],
  ['InvalidParameter.*', 'InvalidParameter.Psk', 'invalid'],
  ['IllegalParam.*', 'IllegalParam.Psk', 'invalid'],
  ['MissingParam.*', 'MissingParam.Psk', 'invalid'],
  ['Missing*', 'MissingVpnConnectionId', 'invalid'],
  ['QuotaExceeded*', 'QuotaExceeded.Vpn', 'quota'],
  ['*.QuotaFull', 'CreateRoutes.QuotaFull', 'quota'],
  ['Forbidden.*', 'Forbidden.Unsubscribed', 'permission'],
  ['InvalidSecurityToken.*', 'InvalidSecurityToken.Mismatch', 'credentials'],
  ['*.NotFound', 'InvalidVpcId.NotFound', 'not_found'],
  ['*Throttling*', 'Throttling.Region', 'throttled'],
];

/** Every exact code once, with the status that a text gives it. */
export const documentedStatuses: ReadonlyMap<string, number | null> = new Map(
  [...connectionDocument, ...attachmentDocument, ...elsewhere].map(([status, code]) => [
    code,
    status,
  ]),
);
