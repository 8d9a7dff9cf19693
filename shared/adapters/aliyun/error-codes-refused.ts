import { type CodeRow, rowsOf, source } from './error-row.ts';

/** The request can never succeed as it is. */
export const invalidCodes: readonly CodeRow[] = rowsOf('invalid', [
  [
    'InvalidName',
    400,
    source.both,
    'The name is not allowed; use 2 to 100 letters, digits, ".", "_" or "-", first a letter.',
  ],
  [
    'NotSupportVpnConnectionParameter.IpsecPfs',
    400,
    source.attachment,
    'The connection does not support this IPsec PFS group; choose another.',
  ],
  [
    'NotSupportVpnConnectionParameter.IpsecAuthAlg',
    400,
    source.attachment,
    'The connection does not support this IPsec authentication algorithm; choose another.',
  ],
  [
    'VpnRouteEntry.AlreadyExists',
    400,
    source.attachment,
    'A route to this subnet exists already; change the subnets or remove the route.',
  ],
  [
    'VpnRouteEntry.Conflict',
    400,
    source.attachment,
    'The subnets conflict with an existing route; change the subnets or remove the route.',
  ],
  [
    'VpnRouteEntry.BackupRoute',
    400,
    source.attachment,
    'The backup route does not fit; check the routes of the gateway.',
  ],
  [
    'VpnRouteEntry.InvalidWeight',
    400,
    source.attachment,
    'The weight of a route is not allowed; check the routes of the gateway.',
  ],
  [
    'MissingParameter.TunnelCidr',
    400,
    source.attachment,
    'BGP needs a tunnel CIDR; set BgpConfig.TunnelCidr.',
  ],
  [
    'OperationUnsupported.EnableBgp',
    400,
    source.attachment,
    'The region does not support BGP; leave it switched off.',
  ],
  [
    'MissingParam.CustomerGatewayAsn',
    400,
    source.attachment,
    'BGP needs the AS number of the customer gateway; set it there first.',
  ],
  [
    'IllegalParam.LocalAsn',
    400,
    source.attachment,
    'The local AS number is not allowed; use 1 to 4294967295.',
  ],
  [
    'IllegalParam.BgpConfig',
    400,
    source.attachment,
    'The BGP settings are not allowed; check each value of BgpConfig.',
  ],
  [
    'IllegalParam.TunnelCidr',
    400,
    source.attachment,
    'The tunnel CIDR is not allowed; use a free /30 inside 169.254.0.0/16.',
  ],
  [
    'InvalidTunnelCidr.Malformed',
    400,
    source.attachment,
    'The tunnel CIDR is not one; use a free /30 inside 169.254.0.0/16.',
  ],
  [
    'IllegalParam.LocalBgpIp',
    400,
    source.attachment,
    'The local BGP address is not allowed; use one inside the tunnel CIDR.',
  ],
  [
    'InvalidLocalBgpIp.Malformed',
    400,
    source.attachment,
    'The local BGP address is not an IPv4 address; use one inside the tunnel CIDR.',
  ],
  [
    'IllegalParam.LocalSubnet',
    400,
    source.attachment,
    'The local subnets are not allowed; use CIDR blocks separated by commas.',
  ],
  [
    'IllegalParam.RemoteSubnet',
    400,
    source.attachment,
    'The remote subnets are not allowed; use CIDR blocks separated by commas.',
  ],
  [
    'IllegalParam.NetworkType',
    400,
    source.attachment,
    'The network type is not allowed; it cannot be changed after creation.',
  ],
  [
    'CustomerGateway.ConflictRouteEntry',
    400,
    source.attachment,
    'The customer gateway conflicts with a route; check the routes of the gateway.',
  ],
  [
    'VpnConnection.InvalidCreateTunnelOptions',
    null,
    source.terraform,
    'The tunnel options do not fit the connection; check its tunnel mode.',
  ],
  [
    'InvalidVpnConnection.AlreadyExists',
    null,
    source.help,
    'A connection with these settings exists already.',
  ],
  [
    'IdempotentParameterMismatch',
    null,
    source.idempotence,
    'The token was used before with other parameters; this is a fault of ours, report it.',
  ],
  ['MissingParameter', 400, source.help, 'A required parameter is missing; check the plan.'],
  ['InvalidParameter', null, source.help, 'A parameter is not allowed; check the plan.'],
  ['UnsupportedOperation', null, source.help, 'The operation is not supported for this resource.'],
  [
    'UnsupportedParameter',
    null,
    source.help,
    'A parameter is not supported for this resource; check the plan.',
  ],
  [
    'InvalidRegionId.NotFound',
    null,
    source.help,
    'The region does not exist or is closed to the account; check the region id.',
  ],
  [
    'InvalidApi.NotFound',
    404,
    source.help,
    'The endpoint does not know the action; check VPC_ENDPOINT.',
  ],
  [
    'InvalidProduct.NotFound',
    404,
    source.help,
    'The endpoint does not serve this API; check VPC_ENDPOINT.',
  ],
]);

/** The account has used up a quota. */
export const quotaCodes: readonly CodeRow[] = rowsOf('quota', [
  [
    'Resource.QuotaFull',
    400,
    source.attachment,
    'The account has reached its quota; ask for a higher one.',
  ],
  [
    'CreateDbrRoutesQuotaFull.QuotaFull',
    400,
    source.attachment,
    'The quota of destination-based routes is used up; remove some or ask for more.',
  ],
  [
    'CreatePbrRoutesQuotaFull.QuotaFull',
    400,
    source.attachment,
    'The quota of policy-based routes is used up; remove some or ask for more.',
  ],
  [
    'QuotaExceeded.PolicyBasedRoute',
    null,
    source.modifyHelp,
    'The quota of policy-based routes is used up; remove some or ask for more.',
  ],
  [
    'QuotaExceeded.VpnRouteEntry',
    null,
    source.modifyHelp,
    'The quota of VPN routes is used up; remove some or ask for more.',
  ],
]);
