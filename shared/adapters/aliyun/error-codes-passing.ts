import { type CodeRow, rowsOf, source } from './error-row.ts';

/** Another operation holds the gateway, the connection or what is under them; nothing was changed. */
export const busyCodes: readonly CodeRow[] = rowsOf('busy', [
  [
    'VpnGateway.Configuring',
    400,
    source.connection,
    'The VPN gateway is carrying out another change; wait until it is active.',
  ],
  [
    'VpnConnection.Configuring',
    400,
    source.attachment,
    'The connection is carrying out another change; wait until it is settled.',
  ],
  [
    'Appliance.Configuring',
    null,
    source.terraform,
    'The appliance under the connection is being configured; wait, then try again.',
  ],
  [
    'VpnTask.CONFLICT',
    null,
    source.terraform,
    'Another VPN task runs on the same resource; wait, then try again.',
  ],
  [
    'TaskConflict',
    null,
    source.terraform,
    'Another task runs on the same resource; wait, then try again.',
  ],
  [
    'VpnRouteEntry.Configuring',
    null,
    source.terraform,
    'A route of the VPN gateway is being changed; wait, then try again.',
  ],
  [
    'OperationConflict',
    null,
    source.terraform,
    'Another operation runs on the same resource; wait, then try again.',
  ],
  [
    'Operation.Blocking',
    null,
    source.terraform,
    'Another operation blocks this one; wait, then try again.',
  ],
  [
    'OperationFailed.DistibuteLock',
    null,
    source.terraform,
    'Another operation holds the lock of the resource; wait, then try again.',
  ],
  [
    'OperationFailed.ConcurrentOperation',
    null,
    source.terraform,
    'Another operation runs at the same time; wait, then try again.',
  ],
  [
    'SystemBusy',
    null,
    source.terraform,
    'The cloud is busy with the resource; wait, then try again.',
  ],
]);

/** Flow control, in all its spellings and with HTTP 400 or 503; nothing was changed. */
export const throttledCodes: readonly CodeRow[] = rowsOf('throttled', [
  ['Throttling', 400, source.help, 'Too many calls; slow down in this region.'],
  [
    'Throttling.User',
    400,
    source.help,
    'The account makes too many calls; slow down in this region.',
  ],
  ['Throttling.Api', 400, source.help, 'Too many calls of this action; slow down in this region.'],
  ['Rejected.Throttling', null, source.terraform, 'Too many calls; slow down in this region.'],
  [
    'Throttling.ConcurrentLimitExceeded',
    null,
    source.terraform,
    'Too many calls at the same time; make fewer at once.',
  ],
  [
    'Throttling.user',
    null,
    source.terraform,
    'The account makes too many calls; slow down in this region.',
  ],
]);

/**
 * What was asked may have been done. A used nonce means that the same request arrived before. The two codes of a token
 * still being processed are here and not with the busy ones, because their request *is* being carried out: it is read
 * back and repeated with the same token, never with a new one.
 */
export const unknownFateCodes: readonly CodeRow[] = rowsOf('unknown_fate', [
  [
    'InternalError',
    500,
    source.help,
    'The cloud failed inside; the change may have been applied, so read it back.',
  ],
  [
    'UnknownError',
    null,
    source.terraform,
    'The cloud failed without a reason; the change may have been applied, so read it back.',
  ],
  [
    'ServiceUnavailable',
    503,
    source.help,
    'The cloud is not available; the change may have been applied, so read it back.',
  ],
  [
    'SignatureNonceUsed',
    400,
    source.help,
    'The cloud has seen this very request before; its first copy may have been applied, so read it back.',
  ],
  [
    'LastTokenProcessing',
    null,
    source.terraform,
    'The first request with this token is still being carried out; read it back before repeating it.',
  ],
  [
    'OperationFailed.LastTokenProcessing',
    null,
    source.terraform,
    'The first request with this token is still being carried out; read it back before repeating it.',
  ],
]);
