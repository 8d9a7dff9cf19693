import { type CodeRow, rowsOf, source } from './error-row.ts';

/** An unpaid bill; only a person can help. */
export const lockedCodes: readonly CodeRow[] = rowsOf('locked', [
  [
    'VpnGateway.FinancialLocked',
    400,
    source.connection,
    'The VPN gateway is locked for an unpaid bill; settle it, then submit the change again.',
  ],
  [
    'VpnConnection.FinancialLocked',
    400,
    source.attachment,
    'The connection is locked for an unpaid bill; settle it, then submit the change again.',
  ],
]);

/** The account may not do it; true for each further call as well. */
export const permissionCodes: readonly CodeRow[] = rowsOf('permission', [
  [
    'Forbidden',
    403,
    source.both,
    'The access key may not do this; allow it in its RAM policy, then submit the rest again.',
  ],
  [
    'Forbbiden.SubUser',
    403,
    source.both,
    'The resource belongs to another account or the RAM user may not change it; check its RAM policy, then submit the rest again.',
  ],
  [
    'Forbidden.RAM',
    null,
    source.help,
    'The RAM policy does not allow the action; allow it, then submit the rest again.',
  ],
  [
    'NoPermission',
    null,
    source.help,
    'The access key may not do this; allow it in its RAM policy, then submit the rest again.',
  ],
  [
    'Forbidden.RiskControl',
    null,
    source.help,
    'The account is held by risk control; contact the support of the cloud.',
  ],
  [
    'Forbidden.*',
    null,
    source.help,
    'The account may not do this; look the code up and allow it, then submit the rest again.',
  ],
]);

/** The cloud does not accept who we say we are; the message of these answers may quote the whole request. */
export const credentialsCodes: readonly CodeRow[] = rowsOf('credentials', [
  [
    'InvalidAccessKeyId.NotFound',
    404,
    source.help,
    'The access key does not exist; check the credentials.',
  ],
  [
    'InvalidAccessKeyId.Inactive',
    null,
    source.help,
    'The access key is disabled; enable it or use another.',
  ],
  [
    'SignatureDoesNotMatch',
    400,
    source.help,
    'The signature does not match; check the access key secret.',
  ],
  [
    'IncompleteSignature',
    400,
    source.echo,
    'The signature is not complete; check the access key secret.',
  ],
  [
    'InvalidSignatureMethod',
    null,
    source.help,
    'The endpoint does not accept the signature method; check VPC_ENDPOINT.',
  ],
  [
    'InvalidSecurityToken.Expired',
    null,
    source.help,
    'The temporary credentials have expired; get new ones, then submit the rest again.',
  ],
  [
    'InvalidSecurityToken.Malformed',
    null,
    source.help,
    'The security token is damaged; check the credentials.',
  ],
  [
    'InvalidSecurityToken.*',
    null,
    source.help,
    'The temporary credentials are not accepted; get new ones, then submit the rest again.',
  ],
  [
    'InvalidTimeStamp.Expired',
    400,
    source.help,
    'The clock of this machine is more than 15 minutes off; set it right, then submit the rest again.',
  ],
  [
    'InvalidTimeStamp.Format',
    null,
    source.help,
    'The endpoint cannot read the time stamp; check VPC_ENDPOINT.',
  ],
]);

/** What was named is not there. */
export const notFoundCodes: readonly CodeRow[] = rowsOf('not_found', [
  [
    'InvalidVpnConnectionInstanceId.NotFound',
    404,
    source.both,
    'There is no such connection in the region; take it out of the plan if it was deleted, or correct its id.',
  ],
  [
    'InvalidVpnGatewayInstanceId.NotFound',
    400,
    source.attachment,
    'There is no such VPN gateway in the region; check whether it was deleted.',
  ],
  [
    'InvalidCustomerGatewayInstanceId.NotFound',
    404,
    source.modifyHelp,
    'There is no such customer gateway in the region; check whether it was deleted.',
  ],
  [
    '*.NotFound',
    null,
    source.help,
    'What the request names is not there; check whether it was deleted.',
  ],
]);
